package promises_test

import (
	"fmt"

	"github.com/zklab/zklab/history"
)

// values holds the values of a record's events, decoded: most of the work of checking a small
// record is to decode it, and many records are checked more than once. The key is where the text
// begins.
type values map[*byte]any

func valuesOf(events []history.Event) values {
	vs := values{}
	for i := range events {
		e := &events[i]
		if len(e.Value) == 0 || e.Process != history.SessionProcess {
			continue
		}
		switch e.F {
		case history.FConnected:
			vs[&e.Value[0]] = decoded[history.Connected](*e)
		case history.FRequest:
			vs[&e.Value[0]] = decoded[history.Request](*e)
		case history.FReply:
			vs[&e.Value[0]] = decoded[history.Reply](*e)
		case history.FEvent:
			vs[&e.Value[0]] = decoded[history.WatchEvent](*e)
		}
	}
	return vs
}

// decode is the Decode of [promises.Run]. Events that were put into the record later are
// decoded anew.
func (vs values) decode(e *history.Event, v any) {
	if len(e.Value) == 0 {
		return
	}
	known, ok := vs[&e.Value[0]]
	if !ok {
		if err := e.Decode(v); err != nil {
			panic(fmt.Sprintf("event %d: %v", e.Index, err))
		}
		return
	}
	switch known := known.(type) {
	case history.Connected:
		*v.(*history.Connected) = known
	case history.Request:
		*v.(*history.Request) = known
	case history.Reply:
		*v.(*history.Reply) = known
	case history.WatchEvent:
		*v.(*history.WatchEvent) = known
	}
}
