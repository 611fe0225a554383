package experiment

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
)

// limited starts ensembles whose servers can be reached and queried, but nothing else. It records what
// it was prepared for, and counts its starts.
type limited struct {
	prepared []ensemble.Ability
	starts   *int
}

func (l limited) Prepare(a ensemble.Ability) ensemble.Starter {
	l.prepared = append(slices.Clone(l.prepared), a)
	return l
}

func (l limited) Sketch() (ensemble.Ensemble, error) {
	e, err := embedded.Config{}.Sketch()
	return poor{e, l.prepared}, err
}

func (l limited) Start(context.Context) (ensemble.Ensemble, error) {
	*l.starts++
	return nil, errors.New("not meant to be started")
}

// sketch is a starter whose sketch is a given ensemble.
type sketch struct{ ensemble.Ensemble }

func (s sketch) Sketch() (ensemble.Ensemble, error)             { return s, nil }
func (sketch) Start(context.Context) (ensemble.Ensemble, error) { return nil, errors.New("a sketch") }
func (sketch) Close() error                                     { return nil }

// poor is an ensemble without abilities except those that it was prepared for.
type poor struct {
	ensemble.Ensemble
	prepared []ensemble.Ability
}

func (p poor) Servers() []ensemble.Server {
	var servers []ensemble.Server
	for _, s := range p.Ensemble.Servers() {
		servers = append(servers, struct{ ensemble.Server }{s})
	}
	return servers
}

// needy is a user's own fault, for which an ensemble must be prepared.
type needy struct{ faults.Expire }

func (needy) Kind() string            { return "needy" }
func (needy) Spec() string            { return "needy" }
func (needy) Needs() ensemble.Ability { return "patience" }

func (needy) Available(s faults.Setting) error {
	if p, ok := s.Ensemble.(poor); !ok || !slices.Contains(p.prepared, "patience") {
		return errors.New("the ensemble has no patience")
	}
	return nil
}

func (needy) Inject(context.Context, *faults.Target, *rand.Rand) (faults.Effect, error) {
	return nil, faults.ErrNoTarget
}

// A fault that the ensemble does not have is an error before anything starts;
// each is named.
func TestUnavailableBeforeTheStart(t *testing.T) {
	starts := 0
	x := least()
	x.Ensemble = limited{starts: &starts}
	x.Faults = plan.Every(time.Second, faults.Expire{}, faults.Pause{}, faults.Kill{}, faults.Pause{})
	_, err := x.Run(t.Context())
	if !errors.Is(err, engine.ErrUsage) || strings.Count(err.Error(), "fault pause is not available") != 1 || !strings.Contains(err.Error(), "fault kill is not available") {
		t.Errorf("%v", err)
	}
	if starts != 0 {
		t.Error("it was started")
	}
}

// A fault that needs a prepared ensemble gets one; other faults do not.
func TestPreparedForFaults(t *testing.T) {
	for want, list := range map[int][]faults.Fault{1: {faults.Expire{}, needy{}, needy{}}, 0: {faults.Expire{}}} {
		x := least()
		x.Ensemble = limited{}
		x.Faults = plan.Every(time.Second, list...)
		x = must.Get(x.Complete())(t)
		if got := x.Ensemble.(limited).prepared; len(got) != want {
			t.Errorf("prepared for %v", got)
		}
	}
}

// "all" asks for the faults that the ensemble has. The others are reported and not expected, and so are
// those for which the time limit has no room, unless they were asked for by name.
func TestAllFaults(t *testing.T) {
	x := least()
	x.Ensemble, x.Seed = limited{}, 1
	x.Faults = plan.Mix(10*time.Second, plan.AllFaults(faults.Cut{}), plan.Together(faults.Expire{Who: faults.Holder}))
	x = must.Get(x.Complete())(t)
	e := must.Get(limited{}.Sketch())(t)
	defer e.Close()
	var kinds []string
	for _, f := range x.Faults.Faults() {
		kinds = append(kinds, f.Kind())
		if err := f.Available(faults.Setting{Ensemble: e}); err != nil {
			t.Errorf("%s: %v", f.Spec(), err)
		}
	}
	if slices.Contains(kinds, "pause") || slices.Contains(kinds, "cut") || !slices.Contains(kinds, "expire") || len(kinds) != len(slices.Compact(slices.Sorted(slices.Values(kinds)))) {
		t.Errorf("kinds %v", kinds)
	}
	var without []string
	for _, w := range x.Warnings() {
		names, _, _ := strings.Cut(strings.TrimPrefix(w, "all is without "), ":")
		without = append(without, strings.Split(names, ", ")...)
	}
	for _, k := range faults.Kinds() {
		if told := slices.Contains(without, k.Name); told == slices.Contains(kinds, k.Name) && !k.Harsh && k.Name != "cut" {
			t.Errorf("%s: among the faults and the warnings, or neither: %v, %v", k.Name, kinds, without)
		}
	}
	if want := time.Duration(len(kinds)+1) * 10 * time.Second; x.TimeLimit != max(want, 10*time.Second) {
		t.Errorf("%d faults for %s", len(kinds), x.TimeLimit)
	}
	if got := x.config().Expected(x.Plan()); len(got) != len(kinds) {
		t.Errorf("in %s %v, of %v", x.TimeLimit, got, kinds)
	}
	x.TimeLimit = 5 * time.Second
	if got := x.config().Expected(x.Plan()); len(got) != len(kinds) {
		t.Errorf("without time %v, of %v: a run without any fault could be valid", got, kinds)
	}
	if missed := x.config().Missed(x.Plan()); len(missed) != 1 || !strings.HasPrefix(missed[0], "no fault was injected: all has no turn within the time limit of 5s") {
		t.Errorf("without time it says %q", missed)
	}
	if items := x.Faults.Items(); !slices.Equal(items, []string{"all", "-cut", "expire:holder"}) {
		t.Errorf("stored as %q", items)
	}

	// The running ensemble may have less than its sketch.
	x.Ensemble = sketch{e}
	again, err := x.config().Sketched()
	if err != nil || len(again.Faults.Faults()) != len(kinds) || len(again.LeftOut) != len(x.LeftOut) {
		t.Errorf("%v, %v", again.Faults, err)
	}
}

// Faults whose time never comes, and weights without effect, are reported, before and after the run.
func TestWarnings(t *testing.T) {
	for list, want := range map[string]string{
		"pause":                  "",
		"pause,kill@50s":         "kill@50s+2s begins after the time limit of 12s; use",
		"pause,kill@9s/9s":       "kill+2s/9s does not come again within the time limit of 12s; use",
		"kill@1m":                "no fault was injected: kill@1m+2s begins after the time limit of 12s; use",
		"sequence,pause,kill":    "",
		"sequence:times=9,pause": "the sequence does not run 9 times within",
		"pause:weight=3,kill":    "the weight of pause:weight=3 has no effect: no turn comes twice within the time limit of 12s; use a longer",
		"pause:weight=3":         "",

		"pause,kill@11500ms":           "kill begins less than 1s before the load ends at 12s, which may be too late to take effect; use",
		"kill@5s,kill@11500ms":         "",
		"sequence,pause:weight=3,kill": "the weight of pause:weight=3 has no effect: a sequence takes its turns in the given order",
	} {
		schedule := must.Get(plan.Parse(list, 4*time.Second))(t)
		x := least()
		x.TimeLimit, x.Faults = 12*time.Second, schedule
		if got := strings.Join(x.Warnings(), "\n"); (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", list, got)
		}
	}
}
