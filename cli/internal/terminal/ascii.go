package terminal

import (
	"io"
	"os"
	"strings"

	"github.com/zklab/zklab/explain"
)

// asciiWriter writes text in ASCII, for screens that show nothing else. It is to get
// whole characters.
type asciiWriter struct{ to io.Writer }

func (w asciiWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, explain.ASCII(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Legible is where to write what people read, all of it in characters that the
// locale has.
func Legible(w io.Writer) io.Writer {
	if UnicodeWelcome() {
		return w
	}
	return asciiWriter{w}
}

// Exact is where to write what programs read, as it is.
func Exact(w io.Writer) io.Writer {
	if a, ok := w.(asciiWriter); ok {
		return a.to
	}
	return w
}

// UnicodeWelcome reports whether more characters than ASCII are: unless the locale names
// another character set. Where there is no locale at all, as in containers,
// terminals know UTF-8 all the same.
func UnicodeWelcome() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}
