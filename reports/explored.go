package reports

import _ "embed"
