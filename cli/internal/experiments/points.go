package experiments

import (
	"fmt"
	"strings"
	"sync"

	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/store"
)

// points collects the messages of a run, in the order in which they passed.
type points struct {
	mu  sync.Mutex
	all []link.Point
}

func (p *points) add(one link.Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, one)
}

// write writes a line for each message.
func (p *points) write(path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var text strings.Builder
	for _, one := range p.all {
		fmt.Fprintln(&text, one)
	}
	return store.WriteFile(path, []byte(text.String()))
}
