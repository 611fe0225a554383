package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// kind is the kind of a bar.
type kind int

const (
	call  kind = iota // an operation, from its call to its end
	stay              // a client held, was inside
	mark              // a moment
	death             // the end of a session or a process
	alive             // a session was alive
	fault
	both // two stays that exclude each other
)

// bar is one bar in a lane.
type bar struct {
	kind
	from, to time.Duration // to is Never if no end is known
	name     string
	fate     history.Type // of a call
	atLeast  bool         // it lasted at least until to
}

// lane is a line of the picture. Bars of a lane do not overlap; marks lie over them.
type lane struct {
	name  string // empty: it goes on with the one above
	fault bool
	bars  []bar
	marks []bar
}

// picture is a scene laid out, for any medium.
type picture struct {
	lanes   []lane
	left    int // lanes left out
	moments []time.Duration
	clock   Clock
	lines   bool
	place   string // the name of a moment in a scene without times
}

// The maximum numbers of lanes of clients and of faults.
const (
	mostLanes      = 8
	mostFaultLanes = 2
)

func (s *Scene) picture() picture {
	p := picture{moments: s.moments(), clock: s.clock(), lines: s.Lines, place: s.place()}
	for _, row := range s.rows() {
		lanes := s.lanesOf(row)
		for _, l := range lanes {
			if len(p.lanes) == mostLanes {
				p.left++
				continue
			}
			p.lanes = append(p.lanes, l)
		}
	}
	if o := s.Overlap; o != nil {
		name := "both"
		if o.To != Never && !s.Lines {
			name = "both, " + s.between(o.From, o.To)
		}
		p.lanes = append(p.lanes, lane{name: "at once", bars: []bar{{kind: both, from: o.From, to: o.To, name: name}}})
	}
	p.addFaults(s)
	return p
}

func (p *picture) addFaults(s *Scene) {
	var bars []bar
	for _, f := range s.Faults {
		b := bar{kind: fault, from: f.From, to: f.To, name: f.Name}
		if f.open {
			b.to = Never
		}
		bars = append(bars, b)
	}
	lanes := stack(bars)
	if len(lanes) > mostFaultLanes {
		p.left += len(lanes) - mostFaultLanes
		lanes = lanes[:mostFaultLanes]
	}
	for i := range lanes {
		lanes[i].fault = true
		if i == 0 {
			lanes[i].name = "faults"
		}
	}
	p.lanes = append(p.lanes, lanes...)
}

func (p *picture) last() time.Duration { return p.moments[len(p.moments)-1] }

// rows returns the distinct rows, in order. The harness comes last.
func (s *Scene) rows() []int {
	var of []int
	for i := range s.Steps {
		of = append(of, s.Steps[i].Row)
	}
	order := func(row int) int {
		if row < 0 {
			return 1
		}
		return 0
	}
	slices.SortFunc(of, func(x, y int) int { return cmp.Or(order(x)-order(y), cmp.Compare(x, y)) })
	return slices.Compact(of)
}

// lanesOf returns the lanes of one client.
func (s *Scene) lanesOf(row int) []lane {
	var bars, marks []bar
	name := ""
	for i := range s.Steps {
		st := &s.Steps[i]
		if st.Row != row {
			continue
		}
		if name == "" {
			name = printable.Text(st.Who, 16)
		}
		b := bar{from: st.From, to: st.To, name: st.Name, fate: st.Fate}
		switch {
		case st.Death:
			b.kind = death
		case st.Name == "alive" && st.Fate == "":
			b.kind = alive
		case st.Fate == "":
			b.kind = mark
			bars = append(bars, b)
			continue
		default:
			bars = append(bars, b)
			continue
		}
		marks = append(marks, b)
	}
	for _, st := range s.stays {
		if st.Row == row {
			bars = append(bars, bar{kind: stay, from: st.From, to: st.To, name: printable.Text(st.Name, 30), atLeast: st.AtLeast})
		}
	}
	lanes := stack(bars)
	if len(lanes) == 0 {
		lanes = []lane{{}}
	}
	lanes[0].name, lanes[0].marks = name, marks
	return lanes
}

// stack puts each bar into the first lane in which it overlaps no other.
func stack(bars []bar) []lane {
	slices.SortStableFunc(bars, func(x, y bar) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to)) })
	var lanes []lane
	for _, b := range bars {
		i := slices.IndexFunc(lanes, func(l lane) bool { return l.bars[len(l.bars)-1].to <= b.from })
		if i < 0 {
			lanes = append(lanes, lane{})
			i = len(lanes) - 1
		}
		lanes[i].bars = append(lanes[i].bars, b)
	}
	return lanes
}

// scale maps times to positions from 0 to a width. It keeps lengths in proportion, except that
// different times are drawn apart if there is room: a call of a millisecond must be visible beside
// a wait of a minute.
type scale struct {
	moments []time.Duration
	places  []float64
	end     float64 // where bars without an end go
	bent    bool    // not true to scale: a moment is off its place by more than twice the least distance
}

// scale returns a scale that fills a width. If proportional lengths do not suffice, different times
// are at least apart and at most far from each other.
func (p *picture) scale(width, apart, far float64) scale {
	s := scale{moments: p.moments, end: width}
	room := width - min(far, width/6) // the rest is for what has no end, and for names
	n := len(p.moments)
	if n == 1 {
		s.places = []float64{0}
		return s
	}
	total := float64(p.last() - p.moments[0])
	least := min(room/float64(n-1)/2, far)
	if least < apart {
		least = min(apart, room/float64(n-1))
	}
	rest := room - least*float64(n-1)
	at := 0.0
	for i, m := range p.moments {
		if i > 0 {
			gap := float64(m - p.moments[i-1])
			step := least + rest*gap/total
			at += step
			s.bent = s.bent || math.Abs(at-room*float64(m-p.moments[0])/total) > 2*apart
		}
		s.places = append(s.places, at)
	}
	return s
}

// at returns the position of any time.
func (s *scale) at(t time.Duration) float64 {
	n := len(s.moments)
	i, found := slices.BinarySearch(s.moments, t)
	switch {
	case found:
		return s.places[i]
	case i == 0:
		return 0
	case i == n:
		return s.end
	}
	share := float64(t-s.moments[i-1]) / float64(s.moments[i]-s.moments[i-1])
	return s.places[i-1] + share*(s.places[i]-s.places[i-1])
}

// before reports whether a time is before everything that is drawn.
func (s *scale) before(t time.Duration) bool { return t < s.moments[0] }

// after reports whether a time is after everything that is drawn.
func (s *scale) after(t time.Duration) bool { return t > s.moments[len(s.moments)-1] }

// ticks returns the labelled times: the first, the last, and as many others as have room, given the
// width of labels.
func (p *picture) ticks(s *scale, wide func(string) float64, gap float64) []tick {
	label := func(i int) tick {
		text := p.clock(p.moments[i])
		if p.lines {
			text = fmt.Sprint(int64(p.moments[i]))
		} else {
			text = text[:len(text)-len(" s")]
		}
		w := wide(text)
		from := max(0, min(s.places[i]-w/2, s.end-w))
		return tick{at: s.places[i], from: from, to: from + w, text: text}
	}
	out := []tick{label(0)}
	if len(p.moments) == 1 {
		return out
	}
	last := label(len(p.moments) - 1)
	if last.from < out[0].to+gap {
		return append(out, tick{at: last.at})
	}
	for i := 1; i < len(p.moments)-1; i++ {
		if t := label(i); t.from >= out[len(out)-1].to+gap && t.to+gap <= last.from && t.text != out[len(out)-1].text && t.text != last.text {
			out = append(out, t)
		}
	}
	return append(out, last)
}

// tick is a labelled time. Its label extends from one position to another.
type tick struct {
	at, from, to float64
	text         string
}

// widestBetween returns the widest part of a bar that contains none of the marked positions.
func widestBetween[T int | float64](from, to T, marked []T) (T, T) {
	edges := []T{from}
	for _, m := range marked {
		if from < m && m < to {
			edges = append(edges, m)
		}
	}
	slices.Sort(edges)
	edges = append(edges, to)
	best := 0
	for i := range len(edges) - 1 {
		if edges[i+1]-edges[i] > edges[best+1]-edges[best] {
			best = i
		}
	}
	return edges[best], edges[best+1]
}
