package adapter

import (
	"bufio"
	"io"
	"strings"
	"sync"
)

// lastWords keeps the last lines that a program wrote to standard error.
type lastWords struct {
	logf func(format string, args ...any)

	mu    sync.Mutex
	lines []string
}

const (
	wordsLines = 12  // how many lines are kept
	wordsWidth = 400 // and how many bytes of each
)

// read reads the stream to its end. It never waits for a complete line: programs may print
// dots, or a gigabyte without a newline.
func (w *lastWords) read(r io.Reader) {
	lines := bufio.NewReaderSize(r, wordsWidth)
	for {
		b, isPrefix, err := lines.ReadLine()
		if err != nil {
			return
		}
		if text := strings.TrimRight(strings.ToValidUTF8(string(b), "?"), " \t\r"); text != "" {
			w.add(text)
			w.logf("%s", text)
		}
		for isPrefix && err == nil {
			_, isPrefix, err = lines.ReadLine()
		}
	}
}

func (w *lastWords) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines) == wordsLines {
		w.lines = append(w.lines[:0], w.lines[1:]...)
	}
	w.lines = append(w.lines, line)
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.lines, "\n")
}
