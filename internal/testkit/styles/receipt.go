package styles

import (
	"errors"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// receipt begins the name of a receipt: a znode that a multi creates together with its other changes,
// and whose name is used once. If the answer is lost, the receipt shows that the multi was carried out.
const receipt = "receipt-"

// found reports whether a receipt certainly exists.
func (l *life) found(s *session, path string) bool {
	for s.live() {
		if st, err := s.stat(path); err == nil {
			return st != nil
		}
		select {
		case <-l.over:
			return false
		case <-time.After(again):
		}
	}
	return false
}

// discard deletes the receipts of this seat in a folder.
func (l *life) discard(s *session, folder string) error {
	children, err := s.children(folder)
	for _, child := range children {
		if name, is := strings.CutPrefix(child, receipt); is && l.ofSeat(name) {
			if err := s.remove(folder + "/" + child); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
	}
	return err
}
