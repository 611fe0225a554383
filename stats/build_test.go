package stats

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

const ms = time.Millisecond

// builder writes small histories by hand; process is client.
type builder struct{ h history.History }

func (b *builder) add(e history.Event) *builder {
	e.Index = len(b.h.Events)
	b.h.Events = append(b.h.Events, e)
	return b
}

func (b *builder) fact(t time.Duration, f string, value any) *builder {
	return b.add(history.Event{
		Time: t, Process: history.Nemesis, Client: -1, Type: history.Info, F: f, Value: history.Value(value),
	})
}

func (b *builder) fault(t time.Duration, kind string, s history.FaultStep) *builder {
	return b.fact(t, kind, s)
}

func (b *builder) session(t time.Duration, client int, f, key string, id history.ID, value any) *builder {
	return b.add(history.Event{
		Time: t, Process: history.SessionProcess, Client: client, Type: history.Info, F: f, Key: key,
		Session: id, Value: history.Value(value),
	})
}

func (b *builder) event(t time.Duration, client int, ty history.Type, f, key string, value any) *builder {
	return b.add(history.Event{
		Time: t, Process: history.Process(client), Client: client, Type: ty, F: f, Key: key, Value: history.Value(value),
	})
}

func (b *builder) invoke(t time.Duration, client int, f, key string, value any) *builder {
	return b.event(t, client, history.Invoke, f, key, value)
}

func (b *builder) ok(t time.Duration, client int, f, key string, value any) *builder {
	return b.event(t, client, history.OK, f, key, value)
}

// op adds an enqueue from one time to another.
func (b *builder) op(from, to time.Duration, client int, outcome history.Type, code string) *builder {
	b.invoke(from, client, models.FEnqueue, "q", models.Item{Item: "i"})
	e := history.Event{Time: to, Process: history.Process(client), Client: client, Type: outcome, F: models.FEnqueue, Key: "q"}
	if code != "" {
		e.Error = &history.Error{Code: code}
	}
	return b.add(e)
}
