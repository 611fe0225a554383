package checker

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zklab/zklab/history"
)

// Options say how to check. The zero value works.
type Options struct {
	// Strict makes measured properties (belief) count.
	Strict bool
	// Budget is how long checking may take altogether; 0 is 60 s. What is not
	// decided by then is unknown. In a testing/synctest bubble time stands still
	// meanwhile; there the referee is bounded by a number of tries, and the other
	// checks need no bound.
	Budget time.Duration
	// Memory is how many bytes the referee may use for its search, roughly; 0 is
	// 256 MiB. Everything else needs memory in proportion to the history.
	Memory int64
	// Model is the model to check by, for a history that does not name one.
	Model string
	// Extra are checks beside those of the model.
	Extra []Check
	// Transactions are what the ensemble committed during the run, in the order
	// of their zxids (history.OpenTxns), as far as that is known: evidence "L".
	// They may begin late, end early and have holes: what is there counts, and what
	// is missing proves something only where the numbering shows the list whole.
	// They are not changed.
	Transactions []history.Txn
	// NoReferee leaves porcupine out.
	NoReferee bool
}

func (o Options) budget() time.Duration {
	if o.Budget <= 0 {
		return time.Minute
	}
	return o.Budget
}

func (o Options) memory() int64 {
	if o.Memory <= 0 {
		return 256 << 20
	}
	return o.Memory
}

// Report is everything that was decided about a history.
type Report struct {
	// Verdict is violation if a property that counts is violated, else unknown
	// if one that counts is unknown, else valid.
	Verdict     Result       `json:"verdict"`
	Verdicts    []Verdict    `json:"verdicts"`
	Assumptions []Assumption `json:"assumptions"`
}

// models are the properties of each model, in the order of reports, and its referees.
var models = map[string]struct {
	properties []*property
	referees   []*referee
}{
	history.ModelLock:          {holdProperties, []*referee{exclusionReferee, tokensReferee}},
	history.ModelElection:      {electionProperties, []*referee{exclusionReferee, tokensReferee}},
	history.ModelQueue:         {queueProperties, []*referee{queueReferee}},
	history.ModelBarrier:       {barrierProperties, []*referee{barrierReferee}},
	history.ModelDoubleBarrier: {doubleBarrierProperties, []*referee{enterReferee, leaveReferee}},
	history.ModelRegister:      {registerProperties, []*referee{registerReferee}},
	history.ModelSession:       {sessionProperties, nil},
}

// Models are the names of the models that can be checked.
func Models() []string { return sorted(models) }

// For gives the checks of a model. An unknown model is an error that names the
// known ones.
func For(model string, opts Options) ([]Check, error) {
	m, ok := models[model]
	if !ok {
		return nil, fmt.Errorf("unknown model %q: use one of %s", model, strings.Join(Models(), ", "))
	}
	checks := make([]Check, 0, len(m.properties)+len(opts.Extra))
	for _, p := range m.properties {
		checks = append(checks, check{property: p, model: model, opts: opts})
	}
	return append(checks, opts.Extra...), nil
}

// Run decides every property of the history's model, several keys at a time.
// It is safe for concurrent use, and ends soon after ctx does or the budget is
// used up, with unknown for what it did not decide.
func Run(ctx context.Context, h *history.History, opts Options) Report {
	ctx, cancel := context.WithTimeout(ctx, opts.budget())
	defer cancel()
	name := h.Header.Model
	if name == "" {
		name = opts.Model
	}
	m, ok := models[name]
	if !ok && len(opts.Extra) == 0 {
		return overall(Report{Verdicts: []Verdict{{
			Property: "model",
			Result:   Unknown,
			Reason:   fmt.Sprintf("the history is of model %q, which has no checks: use one of %s", name, strings.Join(Models(), ", ")),
		}}}, opts)
	}
	a := analyse(ctx, h, name, opts.Transactions)
	if ctx.Err() != nil {
		return overall(Report{Verdicts: []Verdict{{Property: "budget", Result: Unknown, Reason: budgetSpent}}}, opts)
	}
	var properties []*property
	for _, p := range m.properties {
		if p.applies == nil || p.applies(a) {
			properties = append(properties, p)
		}
	}
	findings := make([][]finding, len(a.keys))
	rulings := make([][]ruling, len(a.keys))
	whistle := newWhistle(ctx, opts)
	decideKeys(ctx, a, func(i int, k *keyRecord) {
		row := make([]finding, len(properties))
		for j, p := range properties {
			row[j] = p.on(ctx, a, k)
		}
		if !opts.NoReferee {
			for _, r := range m.referees {
				got := r.decide(whistle, a, k)
				r.compare(got, k, properties, row)
				rulings[i] = append(rulings[i], got)
			}
		}
		findings[i] = row
	})
	r := Report{Assumptions: a.assumptions()}
	for j, p := range properties {
		vs := p.summarise(a, a.names(), column(findings, j))
		for i, r := range m.referees {
			r.sign(p, vs, nth(rulings, i))
		}
		r.Verdicts = append(r.Verdicts, vs...)
	}
	r.Verdicts = append(r.Verdicts, a.evidence()...)
	for _, c := range opts.Extra {
		r.Verdicts = append(r.Verdicts, c.Check(ctx, h)...)
	}
	r.Verdicts = tell(h, gate(a, r.Assumptions, r.Verdicts, opts))
	return overall(r, opts)
}

// decideKeys calls decide for each key, several at a time, until ctx ends.
func decideKeys(ctx context.Context, a *analysis, decide func(int, *keyRecord)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(a.keys)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(a.keys) {
					return
				}
				decide(i, a.keys[i])
			}
		})
	}
	wg.Wait()
}

// overall sums the verdicts up.
func overall(r Report, opts Options) Report {
	r.Verdict = Valid
	for _, v := range r.Verdicts {
		if v.Measured && !opts.Strict {
			continue
		}
		switch {
		case v.Result == Violation:
			r.Verdict = Violation
		case v.Result == Unknown && r.Verdict == Valid:
			r.Verdict = Unknown
		}
	}
	return r
}

// nth is one referee's ruling on each key; none where it was not asked.
func nth(rulings [][]ruling, i int) []ruling {
	of := make([]ruling, len(rulings))
	for k, row := range rulings {
		if i < len(row) {
			of[k] = row[i]
		}
	}
	return of
}
