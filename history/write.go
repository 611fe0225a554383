package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Write writes a history in memory as its recorder would have written it. The first event must be
// the beginning; Write takes its value from h.Header.
func Write(w io.Writer, h *History) error {
	if len(h.Events) == 0 || h.Events[0].Process != Nemesis || h.Events[0].F != FBegin {
		return errors.New("write history: its first event is not the beginning")
	}
	out := bufio.NewWriter(w)
	var line []byte
	for i, e := range h.Events {
		if i == 0 {
			e.Value = Value(h.Header)
		}
		e.Value = absentNull(e.Value)
		body, err := encodeBody(&e)
		if err != nil {
			return fmt.Errorf("write history: event %d: %w", i, err)
		}
		line = appendLine(line[:0], e.Index, e.Time, body)
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("write history: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}
