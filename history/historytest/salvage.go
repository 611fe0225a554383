package historytest

import (
	"bytes"
	"encoding/json"

	"github.com/zklab/zklab/history"
)

// Salvage makes a history of a header and lines of events. It leaves out lines that are not events, so
// that a fuzzer's changes still give a history, and requires less than history.Read: absent fields are
// zero, and it does not check whether the events are possible.
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
