package plan

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// Aim injects faults at kinds of places that the run meets; see [Aimed]. At most one comes within an interval.
func Aim(interval time.Duration, all ...faults.Fault) Schedule {
	s := Mix(interval)
	s[0].Order = Aimed
	for _, f := range all {
		s[0].Turns = append(s[0].Turns, Together(f))
	}
	return s
}

// Aimed returns the schedule with those faults of its mixes aimed that hit links, messages and sessions, and can be
// injected at messages.
func (s Schedule) Aimed() (out Schedule) {
	for _, p := range s {
		if p.Order != Mixed {
			out = append(out, p)
			continue
		}
		at, rest := p, p
		timed := func(t Turn) bool {
			return t.all || t.quiet() || slices.ContainsFunc(t.Faults, func(f faults.Fault) bool {
				hits := kinds.Named(f.Kind()).Hits
				return !faults.Aimable(f) || hits != kinds.Links && hits != kinds.Messages && hits != kinds.Sessions
			})
		}
		at.Order, at.Turns = Aimed, slices.DeleteFunc(slices.Clone(p.Turns), timed)
		rest.Turns = slices.DeleteFunc(slices.Clone(p.Turns), func(t Turn) bool { return !timed(t) })
		for _, part := range []Part{at, rest} {
			if len(part.Turns) > 0 {
				out = append(out, part)
			}
		}
	}
	return out
}

// aimed returns a step for each fault of an Aimed part.
func (p Part) aimed(seed uint64) (steps []Step) {
	for _, t := range p.Turns {
		for range max(t.Weight, 1) {
			for _, f := range t.Faults {
				steps = append(steps, Step{At: p.first(), For: p.lasting(t), Fault: f, Seed: seed, Gap: p.Interval, item: t.String()})
			}
		}
	}
	return steps
}

// aim decides at which messages the faults of an Aimed part are injected. It is safe for concurrent use.
type aim struct {
	steps []Step // one for each fault

	mu     sync.Mutex
	rng    *rand.Rand
	next   time.Duration      // no fault before
	places map[place]*strikes // that the run has met
	before map[place]bool     // of each client, since it last connected
	chosen map[link.Point]Step
}

// place is a kind of place: what messages have in common that a recipe may treat alike.
type place struct {
	client       int // of a place in before; else 0
	operation    string
	message      string
	which        int
	reply, after bool
	first        bool // in the session of the client
}

// strikes holds the faults that fit a kind of place, and counts the messages there.
type strikes struct {
	fits []Step // the faults that can be injected there
	turn int    // of the next one
	came int    // messages
	rare int    // the higher, the fewer faults come
	due  int    // the number of the message at which the next fault comes
}

// aimedLasts is how long a fault of an aim lasts if nothing else is said.
const aimedLasts = time.Second

// mostWhich is the number from which on messages of one kind in an operation are alike.
const mostWhich = 3

// newAim returns the aim of some steps, of a plan that is played from began on.
func newAim(steps []Step, began time.Duration) *aim {
	return &aim{
		steps: steps, next: began + steps[0].At, rng: stream(steps[0].Seed, "aim"), places: map[place]*strikes{},
		before: map[place]bool{}, chosen: map[link.Point]Step{},
	}
}

// wants reports whether a fault comes at a message. now is the time of the record.
func (a *aim) wants(p link.Point, now time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.After && !p.Reply || p.Kind() == link.Events {
		return false
	}
	at := a.place(p)
	s := a.places[at]
	if s == nil {
		s = a.meet(p)
		a.places[at] = s
	}
	s.came++
	if len(s.fits) == 0 || s.came < s.due || now < a.next {
		return false
	}
	a.next = now + a.steps[0].Gap
	s.due = s.came + 1 + a.rng.IntN(2*s.came*s.rare+1)
	step := s.fits[s.turn%len(s.fits)]
	step.At, step.Point, step.Seed = 0, p, a.rng.Uint64()
	s.turn++
	a.chosen[p] = step
	return true
}

// place returns the kind of place of a message.
func (a *aim) place(p link.Point) place {
	if p.Message == link.Connect && !p.Reply {
		for at := range a.before {
			if at.client == p.Client {
				delete(a.before, at)
			}
		}
	}
	at := place{p.Client, p.Operation, p.Message, min(p.Which, mostWhich), p.Reply, p.After, false}
	first := !a.before[at]
	a.before[at] = true
	at.client, at.first = 0, first
	return at
}

// meet returns the strikes of a kind of place that is new. The first message of a kind may be the only one.
func (a *aim) meet(p link.Point) *strikes {
	s := &strikes{due: 1 + a.rng.IntN(mostDue), turn: a.rng.IntN(1 << 16), rare: 3}
	if slices.Contains([]string{"create", "delete", "setData", "multi"}, p.Message) {
		s.rare = 1 // most recipes fail when a write is done but not answered
	}
	for _, step := range a.steps {
		if at, err := faults.PointOf(step.Fault, p); err == nil && at == p {
			s.fits = append(s.fits, step)
		}
	}
	return s
}

// mostDue is the highest number of a message of its kind that meets the first fault.
const mostDue = 6

// take returns the step that was chosen for a message.
func (a *aim) take(p link.Point) Step {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer delete(a.chosen, p)
	return a.chosen[p]
}

// aimAt makes the links of all clients stop the messages at which faults of an aim come.
func (p *Player) aimAt(steps []Step) {
	a := newAim(steps, p.record.Now())
	for _, c := range p.target.Clients {
		stop := c.Link.BreakWhere(func(at link.Point, _ []string) bool { return a.wants(at, p.record.Now()) })
		p.aims = append(p.aims, func(ctx context.Context) { p.follow(ctx, a, stop) })
	}
}

// follow plays the steps of an aim at the messages of one client.
func (p *Player) follow(ctx context.Context, a *aim, stop *link.Breakpoint) {
	var playing sync.WaitGroup
	defer playing.Wait()
	defer stop.Clear()
	for {
		select {
		case stopped := <-stop.Reached():
			n := p.met(a.take(stopped.Point()))
			playing.Go(func() {
				if err := p.play(ctx, n, stopped); err != nil {
					p.mu.Lock()
					defer p.mu.Unlock()
					p.failed = append(p.failed, err)
				}
			})
		case <-p.enough:
			return
		case <-ctx.Done():
			return
		}
	}
}

// met numbers a step of an aim, behind all others.
func (p *Player) met(s Step) numbered {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Gap = 0
	p.steps = append(p.steps, s)
	return numbered{s, len(p.steps)}
}

// Played returns the steps that were played: the plan, with the steps of an aim at the messages that they met. Call it
// after Play.
func (p *Player) Played() []Step { return p.steps }
