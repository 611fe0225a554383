package reports

import "github.com/zklab/zklab/reports/internal/figure"

// Coarse has all reports of this process written with pictures (PNG) of 24 dots per inch instead of 144. Tests call it
// before they write many reports whose pictures they do not look at: pictures take nine tenths of the time of a report.
// It must be called before the first report is written.
func Coarse() { figure.PNGDPI = 24 }
