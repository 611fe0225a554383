package historytest

import (
	"bytes"
	"errors"

	"github.com/zklab/zklab/history"
)

// mostSpoilt is how many broken lines Salvage leaves out.
const mostSpoilt = 20

// Salvage reads lines of events behind a header, and leaves out those that are
// broken, so that what a fuzzer makes of some lines still is a history. It is
// false for what has too many of them.
func Salvage(header history.Header, lines []byte) (*history.History, bool) {
	header.Version = history.Version
	var text bytes.Buffer
	if err := history.Write(&text, (&Builder{Header: header, crashed: true}).History()); err != nil {
		return nil, false
	}
	begin := text.Bytes()
	rest := bytes.SplitAfter(lines, []byte("\n"))
	for range mostSpoilt {
		h, err := history.Read(bytes.NewReader(append(begin[:len(begin):len(begin)], bytes.Join(rest, nil)...)))
		var damaged *history.DamagedError
		if !errors.As(err, &damaged) {
			return h, err == nil
		}
		at := damaged.Line - 2 // behind the header
		if at < 0 || at >= len(rest) {
			return nil, false
		}
		rest = append(rest[:at], rest[at+1:]...)
	}
	return nil, false
}

// Lines are the events of a history behind the first, as Salvage reads them.
func Lines(h *history.History) ([]byte, error) {
	var text bytes.Buffer
	if err := history.Write(&text, h); err != nil {
		return nil, err
	}
	_, lines, _ := bytes.Cut(text.Bytes(), []byte("\n"))
	return lines, nil
}
