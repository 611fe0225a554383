package causes

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/faults"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// actors are the parties that change znodes and are not clients: the harness, and its faults.
type actors struct {
	harness map[history.ID]bool   // the harness's own sessions
	ended   map[history.ID]string // sessions that a fault ended at once, with its kind
	hits    map[history.ID][]hit  // faults that hit a client in a session
	general []hit                 // faults that hit servers, their network, and znodes
}

// hit is a fault that was seen to take effect, and its time.
type hit struct {
	kind     string
	from, to time.Duration
	// znodes means that the fault hit znodes; detail names them.
	znodes bool
	detail string
}

// concerns reports whether a fault can have hit a call that uses a key's znode.
func (h hit) concerns(path string) bool {
	return !h.znodes || strings.Contains(h.detail+" ", path+" ") || strings.Contains(h.detail, path+"/")
}

// until returns the end of a fault as text: " to" and the time, or " on" if it did not end.
func (h hit) until() string {
	if h.to == evidence.Never {
		return " on"
	}
	return " to " + words.At(h.to)
}

// actorsOf returns the actors of a record.
var actorsOf = evidence.Once(func(a *evidence.Record) *actors {
	x := &actors{harness: map[history.ID]bool{}, ended: map[history.ID]string{}, hits: map[history.ID][]hit{}}
	for i := range a.History.Events {
		e := &a.History.Events[i]
		switch {
		case e.Process != history.Nemesis:
		case e.F == history.FHarness:
			var own history.Harness
			_ = e.Decode(&own)
			x.harness[own.Session] = true
		case kinds.Named(e.F).Hits != "":
			x.fault(a, e)
		}
	}
	return x
})

// fault records which sessions a fault hit or ended, if it was seen to take effect: other
// sessions may have ended by themselves before it could.
func (x *actors) fault(a *evidence.Record, e *history.Event) {
	step, ok := faults.StepOf(e)
	if !ok {
		return
	}
	f := a.Faults.Named(step.Fault)
	if f == nil || !f.Took {
		return
	}
	ends := kinds.TraitsOf(e.F, step).Sessions == history.EndAtOnce
	verified := step.Step == history.StepVerified
	one := hit{kind: e.F, from: f.From, to: e.Time, znodes: kinds.Named(e.F).Hits == kinds.Znodes, detail: step.Detail}
	clients := kinds.Named(e.F).Hits.Clients()
	if verified && !clients {
		one.to = f.Over
		x.general = append(x.general, one)
	}
	for _, id := range step.Sessions {
		if ends {
			x.ended[id] = e.F
		}
		if verified && clients {
			x.hits[id] = append(x.hits[id], one)
		}
	}
}

// client returns the client that had a session; -1 if none had it.
func (s *search) client(id history.ID) int {
	if of := s.Session(id); of != nil && id != 0 {
		return max(of.Client, -1)
	}
	return -1
}

// who names the client or party whose request a transaction was.
func (s *search) who(id history.ID, zxid uint64) string {
	switch c := s.client(id); {
	case c >= 0:
		return "client " + words.Number(c) + ", in session " + id.String() + ","
	case s.actors.harness[id]:
		if f := s.faultAt(zxid); f != "" {
			return s.fault(f)
		}
		return "zklab itself"
	case id == 0:
		return "the ensemble itself"
	}
	return "session " + id.String() + ", which belongs to no client in the record,"
}

// faultAt returns the kind of the fault on znodes during which a transaction was committed; "" if there
// is none, or if it could be one of several kinds.
func (s *search) faultAt(zxid uint64) string {
	from, to := s.when(zxid)
	kind := ""
	for _, f := range s.Faults.All {
		if kinds.Named(f.Kind).Hits != kinds.Znodes || f.Over < from || to < f.From {
			continue
		}
		if kind != "" && kind != f.Kind {
			return ""
		}
		kind = f.Kind
	}
	return kind
}

// when returns the moments between which a transaction was committed.
func (s *search) when(zxid uint64) (from, to time.Duration) {
	from, _ = s.tie.SentBelow(zxid)
	to, _ = s.tie.CommittedBy(zxid)
	return from, to
}

// cite ends a sentence with the time, as far as it is known, and the zxid.
func (s *search) cite(zxid uint64) string { return s.citeSince(zxid, evidence.Always) }

// citeSince is like cite, for a transaction that is known to have been committed after
// since.
func (s *search) citeSince(zxid uint64, since time.Duration) string {
	from, to := s.when(zxid)
	from = max(from, since)
	if t := s.Log.Find(zxid); t != nil && t.Session != 0 {
		if sent, _ := s.sent(t.Session, zxid); sent <= to {
			from = max(from, sent)
		}
	}
	text := ""
	switch began, seen := from != evidence.Always, to != evidence.Never; {
	case began && seen && from > to: // what is known about the times contradicts itself
	case began && seen && words.At(from) == words.At(to):
		text = ", at " + words.At(to)
	case began && seen:
		text = ", between " + words.At(from) + " and " + words.At(to)
	case seen:
		text = ", at " + words.At(to) + " or before"
	case began:
		text = ", after " + words.At(from)
	}
	return text + ": zxid " + words.Zxid(zxid) + s.unheard(zxid)
}

// mostName is how much of a znode's name is shown, in characters.
const mostName = 80

// name returns the name of a znode: its path, from the run's root on.
func (s *search) name(path string) string {
	if rest := path[min(len(path), len(s.Params.Root)+1):]; rest != "" {
		path = rest
	}
	return printable.Text(path, mostName)
}

// holding formats the data of a znode, or the number of its bytes if it is no text.
func holding(data []byte) string {
	if !utf8.Valid(data) || bytes.ContainsFunc(data, func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
		return prose.Count(len(data), "byte")
	}
	return models.Quoted(strings.TrimSpace(string(data)))
}

// sentence makes a text begin with a capital letter, unless it begins with a name, and end
// with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	if strings.HasPrefix(text, "zklab") {
		return text + "."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
