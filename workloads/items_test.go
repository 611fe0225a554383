package workloads

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// gives is a queue that answers each take with the same item.
type gives struct {
	subjects.Queue
	item []byte
}

func (q gives) Take(context.Context) ([]byte, error) { return q.item, nil }

// noJobs is a job queue whose takes return nothing.
type noJobs struct{ subjects.JobQueue }

func (noJobs) Take(context.Context) (subjects.Job, error) { return nil, nil }

// A take that finds nothing has no value in the record, as checks of queues expect.
func TestNoItemIsNoValue(t *testing.T) {
	for name, tt := range map[string]struct {
		item []byte
		want string
	}{"none": {nil, ""}, "an empty one": {[]byte{}, ""}, "one": {[]byte("a"), `{"item":"a"}`}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, 1)
				r := itemsRun[subjects.Queue, []byte]{env: d.env(), takeOp: contracts.QueueTake, queues: perKey[contracts.At[subjects.Queue]]{0: {"k1": {Here: gives{item: tt.item}}}}}
				must.Do(t, r.take(t.Context(), d.clients[0], "k1", 0, takePatience))
				ops := d.read(t).Operations()
				if len(ops) != 1 || ops[0].Outcome() != history.OK || string(ops[0].Return.Value) != tt.want {
					t.Errorf("%+v, want value %q", ops, tt.want)
				}
			})
		})
	}
}

// A take that returns neither a job nor an error does not count as a panic of the
// subject.
func TestNoJobIsNoPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 1)
		r := jobRun{env: d.env(), queues: perKey[contracts.At[subjects.JobQueue]]{0: {"k1": {Here: noJobs{}}}}}
		if err := r.work(t.Context(), d.clients[0], "k1", 0, takePatience, 0, false); err == nil {
			t.Fatal("no error")
		}
		ops := d.read(t).Operations()
		if len(ops) != 1 || ops[0].Outcome() != history.Info || ops[0].Return.Error.Code != history.CodeError {
			t.Errorf("%+v", ops)
		}
	})
}
