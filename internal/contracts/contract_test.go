package contracts

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/subjects"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// box is a counter in memory. It is closed after one addition.
type box struct{ value int64 }

var errFull = errors.New("full")

func (b *box) Add(_ context.Context, delta int64) (int64, error) {
	if b.value != 0 {
		return 0, errFull
	}
	b.value += delta
	return b.value, nil
}

func (b *box) CompareAndSet(context.Context, int64, int64) error { return errFull }

func (b *box) Read(context.Context, string) (int64, error) { return b.value, nil }

// near imitates another process: it serves its objects in this one, with JSON in between.
type near struct {
	subjects.Remote
	maker subjects.Maker
}

func (n near) Make(_, path string, value any, _ ...string) (subjects.Object, error) {
	with, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	s, err := n.maker(&subjects.Client{}, path, with)
	return nearObject{of: s}, err
}

type nearObject struct {
	subjects.Object
	of *subjects.Served
}

func (o nearObject) Call(ctx context.Context, operation string, value, result any) error {
	var with json.RawMessage
	if value != nil {
		with, _ = json.Marshal(value)
	}
	answer, err := o.of.Operations[operation](ctx, with)
	if err != nil || result == nil {
		return err
	}
	b, _ := json.Marshal(answer)
	return json.Unmarshal(b, result)
}

func (o nearObject) Offers(offer string) bool { return slices.Contains(o.of.Offers, offer) }

// A declared operation does the same in this process and in another one.
func TestOn(t *testing.T) {
	boxes := func(*subjects.Client, string, None) (subjects.Counter, error) { return &box{}, nil }
	there := near{maker: Counters.Serve(boxes)}
	for name, c := range map[string]*subjects.Client{"here": {}, "there": {Remote: there}} {
		t.Run(name, func(t *testing.T) {
			at := must.Get(Counters.New(c, "/path", None{}, boxes))(t)
			if (at.There != nil) != (c.Remote != nil) {
				t.Errorf("it is elsewhere: %+v", at)
			}
			got, err := CounterAdd.On(t.Context(), at, models.Addition{Delta: 3})
			if err != nil || got.Value != 3 {
				t.Errorf("%v, %v", got, err)
			}
			if _, err := CounterAdd.On(t.Context(), at, models.Addition{Delta: 3}); !errors.Is(err, errFull) {
				t.Error(err)
			}
			if _, err := CounterCompareAndSet.On(t.Context(), at, models.CountSwap{}); !errors.Is(err, errFull) || subjects.NoEffect(err) {
				t.Error(err)
			}
			if got, err := CounterRead.On(t.Context(), at, models.HowRead{}); err != nil || got.Value != 3 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// The content of a request is checked, and a constructor that returns nothing is reported.
func TestServeMistakes(t *testing.T) {
	locks := MultiLocks.Serve(func(_ *subjects.Client, _ string, names []string) (subjects.MultiLock, error) { return nil, nil })
	if _, err := locks(&subjects.Client{}, "/path", json.RawMessage(`{"keys":["a"]}`)); !errors.Is(err, ErrNoSubject) {
		t.Error(err)
	}
	for _, value := range []string{`{"keys":1}`, `[]`} {
		if _, err := locks(&subjects.Client{}, "/path", json.RawMessage(value)); !errors.Is(err, ErrBadValue) || !subjects.NoEffect(err) {
			t.Errorf("%s: %v", value, err)
		}
	}
	boxes := ServeOn(Counters, func(*subjects.Client, string) (subjects.Counter, error) { return &box{}, nil })
	s := must.Get(boxes(&subjects.Client{}, "/path", nil))(t)
	if _, err := s.Operations[models.FAdd](t.Context(), json.RawMessage(`"x"`)); !errors.Is(err, ErrBadValue) || !subjects.NoEffect(err) {
		t.Error(err)
	}
}
