package mix

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/ownobjects"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The default test convicts objects that do not recover from the end of a session, and locks that nobody can acquire
// any more, and accuses no object that refuses rightly.
func TestMortals(t *testing.T) {
	for _, m := range ownobjects.Mortals {
		t.Run(m.Name, func(t *testing.T) {
			if m.Breaks == "" {
				for _, seed := range []int64{2, 4, 7, 9} {
					if o := seedOf(t, m.Made().Workload(), seed); o != nil && o.Result.Verdict == checker.Violation {
						t.Errorf("seed %d: violated: %v", seed, o.Result.Violated())
					}
				}
				return
			}
			convicted(t, m.Made().Workload(), m.Breaks)
		})
	}
}

// pulse ends with the session in which it began.
type pulse struct {
	conn    *zk.Conn
	session int64
}

func pulseOf(c *subjects.Client) pulse { return pulse{c.Conn, c.Conn.SessionID()} }

var errStopped = errors.New("the connection was closed")

func (p pulse) alive() error {
	if now := p.conn.SessionID(); now != p.session && now != 0 {
		return subjects.WithoutEffect(errStopped)
	}
	return nil
}

// mortal is a workload whose subjects are zklab's own, but answer nothing once the session of their client has ended.
// Its clients reach them like subjects in another process, so it can be made from any workload.
type mortal struct{ workloads.Workload }

func (m mortal) Params(p *history.Params) {
	if w, ok := m.Workload.(workloads.Parameterized); ok {
		w.Params(p)
	}
}

func (m mortal) Maker() subjects.Maker {
	make := m.Workload.(workloads.Served).Maker()
	return func(c *subjects.Client, path string, value json.RawMessage) (*subjects.Served, error) {
		s, err := make(c, path, value)
		if err != nil {
			return nil, err
		}
		p := pulseOf(c)
		for name, call := range s.Operations {
			s.Operations[name] = func(ctx context.Context, value json.RawMessage) (any, error) {
				if err := p.alive(); err != nil {
					return nil, err
				}
				got, err := call(ctx, value)
				if p.alive() != nil { // it died during the call
					return nil, errStopped
				}
				return got, err
			}
		}
		return s, nil
	}
}

func (m mortal) Start(ctx context.Context, env *workloads.Env) (workloads.Run, error) {
	for _, c := range env.Clients {
		if c.Remote == nil {
			c.Client.Remote = here{c, m.Maker()}
		}
	}
	return m.Workload.Start(ctx, env)
}

// here makes subjects in this process as if they were in another one.
type here struct {
	*workloads.Client
	make subjects.Maker
}

func (h here) Make(_, path string, value any, _ ...string) (subjects.Object, error) {
	with, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	s, err := h.make(h.Client.Client, path, with)
	return servedHere{s}, err
}

type servedHere struct{ *subjects.Served }

func (s servedHere) Call(ctx context.Context, operation string, value, result any) error {
	with, err := json.Marshal(value)
	if err != nil {
		return err
	}
	got, err := s.Operations[operation](ctx, with)
	if err != nil || result == nil {
		return err
	}
	return copied(got, result)
}

func (s servedHere) Hold(ctx context.Context, operation string, value, result any) (<-chan struct{}, error) {
	if err := s.Call(ctx, operation, value, result); err != nil || s.Lost == nil {
		return nil, err
	}
	return s.Lost(), nil
}

func (s servedHere) Offers(offer string) bool { return slices.Contains(s.Served.Offers, offer) }

func (s servedHere) About(v any) error { return copied(s.Served.About, v) }

func (s servedHere) Close(ctx context.Context) error {
	if c, ok := subjects.Offered[subjects.Closer](s.Subject); ok {
		return c.Close(ctx)
	}
	return nil
}

// copied stores a value in into as another process would receive it.
func copied(value, into any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// unpunished lists recipes whose subjects may fail for ever without being convicted. All members of a double barrier
// are answered together or not at all, and the next round has new subjects, so a client's failure does not tell
// whether its own subject or another one is dead.
var unpunished = []string{models.DoubleBarrier.Name}

// The default test convicts subjects of zklab's own kinds that do not recover.
func TestMortalsOfZklabsKinds(t *testing.T) {
	for _, recipe := range specimens.Recipes() {
		w := must.Get(specimens.Named(recipe, workloads.Own))(t)
		if !workloads.InProcesses(w) || slices.Contains(unpunished, recipe) {
			continue
		}
		t.Run(recipe, func(t *testing.T) { convicted(t, mortal{w}, "recovers", "converge", "progress") })
	}
	t.Run("register", func(t *testing.T) { // which other processes do not serve
		convicted(t, workloads.Register{New: func(c *subjects.Client, path string) (subjects.Register, error) {
			of, err := subjects.NewRegister(c, path)
			return deadRegister{of, pulseOf(c)}, err
		}}, "recovers")
	})
}

// deadRegister writes only while its session lasts.
type deadRegister struct {
	subjects.Register
	pulse
}

func (d deadRegister) Write(ctx context.Context, value string) (subjects.Mark, error) {
	if err := d.alive(); err != nil {
		return subjects.Mark{}, err
	}
	return d.Register.Write(ctx, value)
}

// convicted fails the test unless a run with expired sessions convicts a workload of violating one of the
// properties.
func convicted(t *testing.T, w workloads.Workload, properties ...string) {
	t.Helper()
	for _, seed := range []int64{4, 9, 14, 19, 24, 29, 1, 5, 11, 15, 21} {
		if o := seedOf(t, w, seed); o == nil || slices.ContainsFunc(o.Result.Violated(), func(p string) bool { return slices.Contains(properties, p) }) {
			return
		}
	}
	t.Errorf("none of %v is violated with any seed", properties)
}
