package historytest

import (
	"bytes"
	"encoding/json"

	"github.com/zklab/zklab/history"
)

// Salvage makes a history of lines of events behind a header. It leaves out what
// is no event, so that what a fuzzer makes of some lines still is a history, and
// asks for less than history.Read: what is absent is zero, and nobody looks whether
// what the lines say can have been.
func Salvage(header history.Header, lines []byte) *history.History {
	header.Version = history.Version
	h := &history.History{Header: header, Events: []history.Event{{
		Process: history.Nemesis, Client: -1, Type: history.Info, F: history.FBegin, Value: history.Value(header),
	}}}
	for line := range bytes.Lines(lines) {
		var e history.Event
		if json.Unmarshal(line, &e) != nil || e.Time < 0 || e.F == "" || e.Process >= 0 && e.Client < 0 {
			continue
		}
		switch e.Type {
		case history.Invoke, history.OK, history.Fail, history.Info:
			e.Index = len(h.Events)
			h.Events = append(h.Events, e)
		}
	}
	last := &h.Events[len(h.Events)-1]
	h.Complete = last.Process == history.Nemesis && last.F == history.FEnd
	return h
}

// Lines returns the events of a history after the first one, as Salvage reads them.
func Lines(h *history.History) ([]byte, error) {
	var text bytes.Buffer
	if err := history.Write(&text, h); err != nil {
		return nil, err
	}
	_, lines, _ := bytes.Cut(text.Bytes(), []byte("\n"))
	return lines, nil
}
