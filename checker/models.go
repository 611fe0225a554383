package checker

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/checker/internal/barriers"
	"github.com/zklab/zklab/checker/internal/configs"
	"github.com/zklab/zklab/checker/internal/counters"
	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/groups"
	"github.com/zklab/zklab/checker/internal/jobs"
	"github.com/zklab/zklab/checker/internal/locks"
	"github.com/zklab/zklab/checker/internal/queues"
	"github.com/zklab/zklab/checker/internal/registers"
	"github.com/zklab/zklab/checker/internal/sessions"
	"github.com/zklab/zklab/checker/internal/transactions"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
)

// models has all models, by name.
var models = byName(
	barriers.Barrier,
	barriers.DoubleBarrier,
	configs.Cache,
	configs.Config,
	counters.Counter,
	groups.Discovery,
	groups.Membership,
	jobs.JobQueue,
	jobs.MasterWorker,
	locks.Election,
	locks.Lock,
	locks.MultiLock,
	locks.Partitioner,
	locks.RWLock,
	locks.Semaphore,
	queues.DelayQueue,
	queues.PriorityQueue,
	queues.Queue,
	registers.Register,
	sessions.Session,
	transactions.TwoPhaseCommit,
)

func byName(all ...frame.Model) map[string]frame.Model {
	of := make(map[string]frame.Model, len(all))
	for _, m := range all {
		of[m.Object.Name] = whole(m)
	}
	return of
}

// whole adds the properties that all models have.
func whole(m frame.Model) frame.Model {
	m.Properties = slices.Concat(m.Properties, frame.OfEveryObject)
	return m
}

// modelOf returns the model for histories that begin with a header: the one that the header
// declares (see object.Declaration), or otherwise zklab's model with the name in the header. If the
// header names no model, opts.Model does. The error is one line.
func modelOf(h history.Header, opts Options) (frame.Model, error) {
	if d, ok := h.Declared.(*declared.Object); ok {
		if err := d.Err(); err != nil {
			return frame.Model{}, fmt.Errorf("the history declares the objects %q, but the declaration cannot be read: %w", h.Model, err)
		}
		if err := d.Judges(h.Declaration); err != nil {
			return frame.Model{}, otherObjects{err}
		}
		return whole(d.Checked()), nil
	}
	m, ok := models[cmp.Or(h.Model, opts.Model)]
	switch {
	case ok:
		return m, nil
	case h.Object != "":
		return m, fmt.Errorf("the history declares the objects %q, and nobody read the declaration: set Header.Declared (object.Declaration)", h.Model)
	case h.Model == "" || h.Version == 0:
		return m, fmt.Errorf("the history is of model %q, which has no checks: use one of %s", cmp.Or(h.Model, opts.Model), strings.Join(Models(), ", "))
	}
	return m, fmt.Errorf("only the program that declares the objects %q can judge their histories: run it again, or its Go test", cmp.Or(h.Model, opts.Model))
}

// otherObjects means that this program declares other objects of the history's model.
type otherObjects struct{ error }

// Models returns the names of the models that can be checked.
func Models() []string { return slices.Sorted(maps.Keys(models)) }

// Meaning returns, in a sentence, what a valid verdict about a property of a model means. If the
// model is unknown, it returns the meaning for any model with that property, and "" if there is
// none.
func Meaning(model, property string) string {
	return propertyOf(model, property).Meaning
}

// Means returns, in a sentence, what a valid verdict about a property of a model means, as far as its
// figures show that this was decided.
func (v *Verdict) Means(model string) string {
	if v.Meaning != "" {
		return v.Meaning
	}
	p := propertyOf(model, v.Property)
	if p.Means != nil {
		if less := p.Means(v.Figures); less != "" {
			return less
		}
	}
	return p.Meaning
}

// Liveness reports whether a property promises that something happens in the end, such as progress,
// and not that something never happens, as exclusion does.
func Liveness(model, property string) bool {
	return propertyOf(model, property).Liveness
}

// Promises reports whether a property is one of those that zklab declares for a model.
func Promises(model, property string) bool {
	return slices.ContainsFunc(models[model].Properties, func(p *frame.Property) bool { return p.Name == property })
}

// Common reports whether one page describes a property for all objects that have it.
func Common(model, property string) bool { return propertyOf(model, property).Common }

// OfServers reports whether servers, rather than the recipe, can cause a violation of a
// property.
func OfServers(model, property string) bool { return propertyOf(model, property).Servers }

// Telling returns how the story of a counterexample is told for a property of a model.
func Telling(model, property string) explain.Telling {
	return propertyOf(model, property).Telling
}

// Measure has the words for what a measured property measures.
type Measure = frame.Measure

// Measured returns what a property of a model measures, or nil if it is not measured.
func Measured(model, property string) *Measure {
	return propertyOf(model, property).Measure
}

// propertyOf returns a model's property by name. If the model is unknown, it returns the property
// with that name of any model. If no model has one, it returns a property without traits.
func propertyOf(model, property string) *frame.Property {
	names := Models()
	if _, known := models[model]; known {
		names = []string{model}
	}
	for _, name := range names {
		for _, p := range models[name].Properties {
			if p.Name == property {
				return p
			}
		}
	}
	return &frame.Property{}
}

// For returns the checks of a model. For an unknown model it returns an error that names the known
// ones.
func For(model string, opts Options) ([]Check, error) {
	m, ok := models[model]
	if !ok {
		return nil, fmt.Errorf("unknown model %q: use one of %s", model, strings.Join(Models(), ", "))
	}
	checks := make([]Check, 0, len(m.Properties)+len(opts.Extra))
	for _, p := range m.Properties {
		checks = append(checks, check{property: p, of: m, opts: opts})
	}
	return append(checks, opts.Extra...), nil
}

// check makes a single property a [Check].
type check struct {
	property *frame.Property
	of       frame.Model
	opts     Options
}

// Name returns the property's name.
func (c check) Name() string { return c.property.Name }

// Check decides the property. It returns the verdicts of [Run], but does not ask the
// reference model.
func (c check) Check(ctx context.Context, h *history.History) []Verdict {
	ctx, cancel := context.WithTimeout(ctx, c.opts.budget())
	defer cancel()
	a := evidence.Read(ctx, h, c.of.Object, c.opts.Transactions)
	a.Memory, a.SearchTime = c.opts.memory(), c.opts.SearchTime
	if ctx.Err() != nil {
		return []Verdict{{Property: c.property.Name, Result: Unknown, Reason: budgetSpent}}
	}
	if c.property.Applies != nil && !c.property.Applies(a) {
		return nil
	}
	findings := make([][]frame.Finding, len(a.Keys))
	decideKeys(ctx, a, func(i int, k *evidence.Key) {
		findings[i] = []frame.Finding{decideOn(ctx, c.property, k)}
	})
	acc := accountOf(a)
	vs := summarise(c.property, a, acc, keyNames(a), column(findings, 0))
	return addStories(h, a, requireMet(a, assumptions(a, acc), vs, c.opts))
}

// Bound returns how long a correct recipe may need after the heal for anything that has a time
// limit: for a dead session to end (a timeout and up to two ticks), for a client to find a server
// again, and two seconds for everything else.
func Bound(p history.Params) time.Duration { return evidence.Bound(p) }
