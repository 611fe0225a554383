package anyprogram

import (
	"strings"
	"sync"

	"github.com/zklab/zklab/internal/base/printable"
)

// The end of a command's output that is kept.
const (
	keptBytes = 16 << 10
	keptLines = 8
	widest    = 200 // bytes of a line
)

// tail is a writer that keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = t.kept[max(0, len(t.kept)-keptBytes):]
	return len(p), nil
}

// lines returns the last lines that are not empty, fit for a terminal.
func (t *tail) lines() (last []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range strings.Lines(string(t.kept)) {
		if line = strings.TrimSpace(line); line != "" {
			last = append(last, printable.Text(line, widest))
		}
	}
	return last[max(0, len(last)-keptLines):]
}
