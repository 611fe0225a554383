package foreign

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// meaning is what a field of a line says.
type meaning uint8

const (
	noMeaning      meaning = iota // the reader does not know the field
	ignored                       // the reader knows it, and it decides nothing
	processField                  // whose event it is
	kindField                     // invoke, ok, fail, info; call, return
	operationField                // what was called
	keyField                      // the object
	valueField                    // on a line the argument, or the answer, or both; in an object what the object is
	fromField                     // the value with which a compare-and-set compares
	toField                       // the value that it sets
	inputField                    // the argument, or an object with it
	outputField                   // the answer, or an object with it
	dataField                     // what inputField is on an invocation, and outputField on a completion
	timeField                     // of an event
	startField                    // the time at which a whole operation began
	endField                      // the time at which it ended
	finalField                    // true: nothing changes any more
	doneField                     // true: ok; false: no effect
	doubtField                    // true: the outcome is unknown
	errorField                    // if there is one, the outcome is unknown
	statusField                   // the outcome in a word
	foundField                    // false: the answer is that there is no value
	idField                       // of an operation
	// What may decide something, by its name. It is an error wherever that would make a difference.
	likeOutcome
	likeAnswer
	likeKey
)

// place is where a field stands. Places can be added up.
type place uint8

const (
	onLine   place = 1 << iota
	inInput        // in the object with the argument
	inOutput       // in the object with the answer
)

// declared lists the fields that the reader knows, in all forms of a line. For all others, see [told.passOver]. Upper
// case, "_", "-" and "?" do not matter. If a line has several names of its process, the first one counts.
var declared = []struct {
	meaning meaning
	at      place
	names   string
}{
	{processField, onLine, "process proc clientid client"},
	{kindField, onLine, "type action kind"},
	{operationField, onLine | inInput, "f op operation"},
	{operationField, inInput, "type"},
	{keyField, onLine | inInput, "key"},
	{valueField, onLine | inInput | inOutput, "value val item element amount delta permits"},
	{valueField, inInput, "input argument arg"},
	{valueField, inOutput, "output result"},
	{fromField, onLine | inInput, "from old expected"},
	{toField, onLine | inInput, "to new"},
	{inputField, onLine, "input in argument arg"},
	{outputField, onLine, "output out result"},
	{dataField, onLine, "data"},
	{timeField, onLine, "time"},
	{startField, onLine, "start call begin starttime"},
	{endField, onLine, "end return finish endtime"},
	{finalField, onLine, "final"},
	{doneField, onLine | inOutput, "ok success succeeded"},
	{doubtField, onLine | inOutput, "unknown indeterminate"},
	{errorField, onLine | inOutput, "error err exception"},
	{statusField, onLine | inOutput, "status outcome"},
	{foundField, onLine | inOutput, "found exists"},
	{idField, onLine, "id"},
	{ignored, onLine, "index"},
	{ignored, inOutput, "key"},
	{likeOutcome, onLine | inOutput, "state failed failure aborted rejected committed timeout timedout crashed code errorcode errno"},
	{likeAnswer, onLine | inOutput, "returned response reply answer got ret retval observed seen"},
	{likeKey, onLine | inInput, "lock path queue register object obj resource mutex semaphore counter set topic table bucket partition shard znode k name account"},
}

// meanings are the words for what a user can say that a field means.
var meanings = []struct {
	word    string
	meaning meaning
}{
	{"process", processField},
	{"type", kindField},
	{"f", operationField},
	{"key", keyField},
	{"value", valueField},
	{"input", inputField},
	{"output", outputField},
	{"time", timeField},
	{"start", startField},
	{"end", endField},
	{"ok", doneField},
	{"unknown", doubtField},
	{"error", errorField},
	{"ignore", ignored},
}

// Meanings returns the words for what a user can say that a field means.
func Meanings() (words []string) {
	for _, m := range meanings {
		words = append(words, m.word)
	}
	return words
}

// Names returns the names of all fields that the reader knows, without marks and upper case.
func Names() (names []string) {
	for _, d := range declared {
		if d.meaning < likeOutcome {
			names = append(names, strings.Fields(d.names)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// called is a declared name.
type called struct {
	meaning meaning
	rank    uint8         // among the names of its meaning: the first is 0
	as      string        // the canonical name
	unit    time.Duration // of a time, if the name says it: start_ms
}

var byName = func() map[place]map[string]called {
	all := map[place]map[string]called{onLine: {}, inInput: {}, inOutput: {}}
	for _, d := range declared {
		for at, names := range all {
			for i, n := range strings.Fields(d.names) {
				if _, has := names[n]; d.at&at != 0 && !has {
					names[n] = called{meaning: d.meaning, rank: uint8(i), as: n}
				}
			}
		}
	}
	return all
}()

var noMarks = strings.NewReplacer("_", "", "-", "", "?", "")

// canonical returns a field's name as the declaration has it.
func canonical(name string) string { return noMarks.Replace(strings.ToLower(name)) }

// givenMeanings returns what a user says that fields mean, by their canonical names.
func givenMeanings(fields map[string]string) (map[string]meaning, error) {
	given := map[string]meaning{}
	for name, word := range fields {
		i := slices.Index(Meanings(), word)
		if i < 0 {
			return nil, fmt.Errorf("no field means %q: say one of %s", word, strings.Join(Meanings(), ", "))
		}
		given[canonical(name)] = meanings[i].meaning
	}
	return given, nil
}

// field is a field of a line.
type field struct {
	name string
	at   place
	called
	v      Value
	spent  bool    // its value was taken apart
	unread *unread // what is known of the field on other lines
}

// line holds the fields of an event or a record, before anything is checked.
type line struct {
	number int
	colon  string // before the names of fields, in messages
	fields []field
	has    uint64 // the meanings of the fields
	twice  uint64 // those of several fields
	given  map[string]meaning
	known  map[string]called // of names that were met on lines
	names  names
}

// names are the names of fields in messages.
type names struct{ process, kind, f, time, start, end string }

// say sets what stands before the names of fields in messages.
func (x *line) say(colon string) {
	x.colon = colon
	x.names = names{colon + "process", colon + "type", colon + "f", colon + "time", colon + "start", colon + "end"}
}

// reset begins another line.
func (x *line) reset(number int) { x.number, x.fields, x.has, x.twice = number, x.fields[:0], 0, 0 }

// add adds a field, whose value the caller sets at once. Lines of a file are alike, so the field of the last line in the
// same position is tried before the declaration.
func (x *line) add(name string, at place) *field {
	n := len(x.fields)
	if n == cap(x.fields) {
		x.fields = append(x.fields, field{})
	} else {
		x.fields = x.fields[:n+1]
	}
	f := &x.fields[n]
	if f.spent = false; f.name != name || f.at != at {
		*f = field{name: name, at: at, called: x.declared(name, at)}
	}
	x.twice |= x.has & (1 << f.meaning)
	x.has |= 1 << f.meaning
	return f
}

// afterAll is added to the rank of a time whose name has a unit, so that one without counts if a line has both.
const afterAll = 100

// mostKnown is how many names are kept.
const mostKnown = 1000

// declared returns the meaning of a name.
func (x *line) declared(name string, at place) called {
	if c, met := x.known[name]; met && at == onLine {
		return c
	}
	plain := canonical(name)
	c := byName[at][plain]
	c.as = plain
	if bare, unit := inUnit(name); unit != 0 && at == onLine {
		if t := byName[at][canonical(bare)]; t.isTime() {
			c = t
			c.rank += afterAll
		}
		c.unit = unit
	}
	if m, given := x.given[plain]; given {
		if c.meaning, c.rank = m, 0; at != onLine && (m == inputField || m == outputField) {
			c.meaning = valueField
		}
	}
	if at == onLine && len(x.known) < mostKnown {
		if x.known == nil {
			x.known = map[string]called{}
		}
		x.known[name] = c
	}
	return c
}

// get returns the field with a meaning in one of some places; nil if there is none.
func (x *line) get(m meaning, at place) (best *field) {
	if x.has&(1<<m) == 0 {
		return nil
	}
	for i := range x.fields {
		f := &x.fields[i]
		if f.meaning != m || f.at&at == 0 || f.spent {
			continue
		}
		if best == nil || best.v.Kind == Nil || f.v.Kind != Nil && f.rank < best.rank {
			best = f
		}
	}
	return best
}

// value returns the value of a meaning, nil if there is none.
func (x *line) value(m meaning, at place) Value {
	if f := x.get(m, at); f != nil {
		return f.v
	}
	return Value{}
}

// isTime reports whether a field is a time.
func (f called) isTime() bool {
	return f.meaning == timeField || f.meaning == startField || f.meaning == endField
}

// label returns a field's name for people: Output.ok.
func (x *line) label(f *field) string {
	for i := range x.fields {
		g := &x.fields[i]
		in := g.meaning == inputField && f.at == inInput || g.meaning == outputField && f.at == inOutput || g.meaning == dataField || g.meaning == valueField
		if in && f.at != onLine && g.at == onLine && g.spent {
			return x.colon + g.name + "." + f.name
		}
	}
	return x.colon + f.name
}
