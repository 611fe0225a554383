package terminal

import (
	"io"
	"os"
	"strings"

	"github.com/zklab/zklab/explain"
)

// asciiWriter writes text in ASCII, for screens that show nothing else. Each call of Write must get
// complete characters.
type asciiWriter struct{ to io.Writer }

func (w asciiWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.to, explain.ASCII(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Legible returns a writer for text that people read. It writes only characters that the locale
// has.
func Legible(w io.Writer) io.Writer {
	if UnicodeWelcome() {
		return w
	}
	return asciiWriter{w}
}

// Exact returns the writer for text that programs read, which writes it unchanged.
func Exact(w io.Writer) io.Writer {
	if a, ok := w.(asciiWriter); ok {
		return a.to
	}
	return w
}

// UnicodeWelcome reports whether to write more characters than ASCII: if the locale's character set
// is UTF-8. If there is no locale at all, as in containers, terminals still know UTF-8.
func UnicodeWelcome() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}
