package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// mostTold is the maximum number of steps in a story. A longer one has its first and last steps.
const mostTold = 16

// Story returns sentences that describe the steps in order of time, and the conclusion. The
// sentences contain no control characters.
func (s *Scene) Story() []string {
	clock := s.clock()
	type sentence struct {
		at   time.Duration
		text string
	}
	var told []sentence
	left := len(s.Steps) - mostTold
	for i := range s.Steps {
		st := &s.Steps[i]
		if left > 0 && i >= mostTold/2 && i < mostTold/2+left {
			if i == mostTold/2 {
				told = append(told, sentence{st.At, fmt.Sprintf("(%s in between, up to %s, left out)", count(left, "more step"), clock(s.Steps[i+left-1].At))})
			}
			continue
		}
		told = append(told, sentence{st.At, finished(st.Text(clock))})
	}
	for i := range s.Faults {
		f := &s.Faults[i]
		told = append(told, sentence{f.From, finished(f.text(clock))})
	}
	for _, m := range s.messages {
		told = append(told, sentence{m.at, finished(m.text(clock))})
	}
	slices.SortStableFunc(told, func(x, y sentence) int { return cmp.Compare(x.at, y.at) })
	var out []string
	for _, t := range told {
		out = append(out, t.text)
	}
	if s.MoreFaults > 0 {
		out = append(out, finished(count(s.MoreFaults, "more fault")+" overlapped"))
	}
	if s.conclusion != nil {
		out = append(out, finished(s.conclusion(clock)))
	}
	return out
}

// finished makes text begin with a capital letter and end with a full stop.
func finished(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[n:] + "."
}

func count(n int, one string) string { return prose.Count(n, one) }

// lasting formats a duration for people.
func lasting(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e3, 'f', -1, 64) + " µs"
	case d < 10*time.Millisecond && d%time.Millisecond != 0:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 1, 64) + " ms"
	case d < 2*time.Second:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) + " s"
}

// conclude derives a conclusion from the steps, if they allow one.
func (s *Scene) conclude() {
	switch s.Telling {
	case HeldTwice, BelievedHeld:
		s.together()
	case CameTwice:
		s.twice()
	case Overtaken:
		s.overtaken()
	case Vanished:
		s.vanished()
	case PassedEarly:
		s.tooEarly()
	case OldToken:
		s.unfenced()
	}
}

// together finds two overlapping stays of different clients.
func (s *Scene) together() {
	for i, x := range s.stays {
		for _, y := range s.stays[:i] {
			from, to := max(x.From, y.From), min(x.To, y.To)
			what, same := sharedKey(x, y)
			if x.Row == y.Row || from >= to || x.uncertain || y.uncertain || x.beside || y.beside || !same {
				continue
			}
			s.Overlap = &Stay{From: from, To: to, Name: "both", AtLeast: x.AtLeast && x.To == to || y.AtLeast && y.To == to}
			did := "held " + what
			if s.Telling == BelievedHeld {
				did = "believed that they held " + what
			}
			first, second := s.whose(min(x.Row, y.Row)), s.whose(max(x.Row, y.Row))
			o := *s.Overlap
			s.conclusion = func(clock Clock) string {
				text := fmt.Sprintf("so %s and %s both %s from %s", first, second, did, clock(o.From))
				switch {
				case o.To == Never:
					return text + " on"
				case s.Lines:
					return text + " to " + clock(o.To)
				case o.AtLeast:
					return text + " until at least " + clock(o.To) + ", for " + s.between(o.From, o.To)
				}
				return text + " to " + clock(o.To) + ", for " + s.between(o.From, o.To)
			}
			return
		}
	}
}

// sharedKey returns the key or parts that two stays share. same is false if they share none.
func sharedKey(x, y Stay) (what string, same bool) {
	what = models.Key(x.key)
	if x.parts == nil || y.parts == nil {
		return what, true
	}
	var both []string
	for _, part := range x.parts {
		if slices.Contains(y.parts, part) {
			both = append(both, part)
		}
	}
	return models.ListKeys(both) + " of " + what, len(both) > 0
}

// whose returns a row's name.
func (s *Scene) whose(row int) string {
	for i := range s.Steps {
		if s.Steps[i].Row == row {
			return s.Steps[i].Who
		}
	}
	return "a client"
}

// Conclude sets the conclusion, without a full stop.
func (s *Scene) Conclude(text string) { s.says("%s", text) }

func (s *Scene) says(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.conclusion = func(Clock) string { return text }
}

// unfenced finds a write that was accepted after a write with a higher token.
func (s *Scene) unfenced() {
	if w := s.done(writes, history.OK); len(w) == 2 && w[0].taken && w[1].taken && w[1].id < w[0].id {
		s.says("so the older token %s was accepted after the newer one %s", w[1].id, w[0].id)
	}
}

// Traits of the operations that conclusions are about.
func writes(o *models.Operation) bool { return o.Writes }
func puts(o *models.Operation) bool   { return o.Puts }
func takes(o *models.Operation) bool  { return o.Takes }
func passes(o *models.Operation) bool { return o.Waits && !o.Begins }

// done returns the steps of the operations with a trait that had an outcome, in order of time.
func (s *Scene) done(trait func(*models.Operation) bool, fate history.Type) []*Step {
	var of []*Step
	for i := range s.Steps {
		if st := &s.Steps[i]; st.does != nil && trait(st.does) && st.Fate == fate && !st.beside {
			of = append(of, st)
		}
	}
	return of
}

func (s *Scene) twice() {
	out := s.done(takes, history.OK)
	if len(out) == 0 || out[0].item == "" {
		return
	}
	if len(out) >= 2 && out[0].item == out[1].item {
		s.says("so %s came out twice", models.Quoted(out[0].item))
		return
	}
	if len(out) == 1 && len(s.done(puts, history.OK)) == 0 {
		s.says("so %s came out although no client had put it in", models.Quoted(out[0].item))
	}
}

func (s *Scene) overtaken() {
	if out := s.done(takes, history.OK); len(out) == 2 && out[0].item != "" && out[1].item != "" {
		s.says("so %s overtook %s", models.Quoted(out[0].item), models.Quoted(out[1].item))
	}
}

func (s *Scene) vanished() {
	taken := map[string]bool{}
	for _, st := range s.done(takes, history.OK) {
		taken[st.item] = true
	}
	var gone []string
	for _, st := range s.done(puts, history.OK) {
		if st.item != "" && !taken[st.item] {
			gone = append(gone, models.Quoted(st.item))
		}
	}
	unknown := len(s.done(takes, history.Info))
	switch {
	case len(gone) == 1 && unknown == 0:
		s.says("no client ever took %s, so it was lost", gone[0])
	case len(gone) > 1:
		s.says("so of these %d items, which never came out, at least %s lost", len(gone), were(max(1, len(gone)-unknown)))
	}
}

func were(n int) string {
	if n == 1 {
		return "1 was"
	}
	return strconv.Itoa(n) + " were"
}

func (s *Scene) tooEarly() {
	passed := s.done(passes, history.OK)
	if len(passed) != 1 {
		return
	}
	for _, st := range s.stays {
		if !st.beside && st.From <= passed[0].To && passed[0].To < st.To {
			at, up := passed[0].To, st
			s.conclusion = func(clock Clock) string {
				text := "so " + passed[0].Who + " passed while the barrier was up"
				if up.To != Never {
					text += ", " + s.between(at, up.To) + " before any client began to lift it"
				}
				return text
			}
			return
		}
	}
}
