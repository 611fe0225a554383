// Package glossary declares the words that zklab uses in a special sense. Pages explain these words where
// they use them, and docs/glossary.md lists them. The meanings of properties are declared with the checks
// that decide them, and not here.
package glossary

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Term is a word with its explanation.
type Term struct {
	Word string
	// Forms are other spellings of the word in texts, such as plurals.
	Forms []string
	// Text explains the word in one to three sentences, and Page is where the documentation says more:
	// a file of docs with a heading.
	Text, Page string
}

// Anchor is the fragment of the term's address on a page.
func (t Term) Anchor() string { return strings.ReplaceAll(strings.ToLower(t.Word), " ", "-") }

// Terms holds all terms, in the order of their words.
var Terms = []Term{
	{"agreement", nil, "All servers, read one by one, have the same znodes.", "checking-common.md#the-servers-compared"},
	{"assumption", []string{"assumptions"}, "What must hold for a run to count: a healthy ensemble, enough operations, faults that took effect. Where one is not met, valid becomes unknown; a violation stands.", "checking.md#three-verdicts"},
	{"belief", nil, "The time in which a client takes itself for the holder, by its own clock: from the return of its acquire until it gives up or hears that it lost. After a pause two clients can believe at once, which no recipe can prevent; so it is measured, and does not decide the verdict.", "checking.md#the-three-clocks-of-a-hold"},
	{"chroot", nil, "The znode of an ensemble below which a client sees everything.", "external.md"},
	{"core", []string{"cores"}, "The certain part of a hold: from the grant until its release began or its session may have ended. The cores of two clients must never overlap.", "checking.md#the-three-clocks-of-a-hold"},
	{"counterexample", []string{"counterexamples"}, "The fewest recorded events that prove a violation.", "checking.md#three-verdicts"},
	{"decider", []string{"procedure", "procedures"}, "The procedure that decided a property, such as an interval sweep, or porcupine, which tries all orders.", "checking.md#three-verdicts"},
	{"evidence", nil, "What a verdict rests on: R real time, S sessions as the links saw them, Z the numbers of transactions in replies, L the servers' transaction log, T the servers' trees, W the tree watch.", "checking.md#evidence"},
	{"exercised", nil, "So much happened that a violation could have shown itself: clients contended, items were taken. A property that was not exercised is unknown.", "checking.md#three-verdicts"},
	{"expiry", []string{"expired"}, "The servers end a session of which they heard nothing for its timeout, and delete its ephemeral znodes. The fault expire does it at once.", "checking.md#when-a-session-dies"},
	{"fail-over", []string{"fail-overs"}, "The time from a fault's effect until a client succeeds again.", "results.md#fail-over-and-hand-over"},
	{"fault", []string{"faults"}, "What zklab does to servers, links, messages, sessions, processes or znodes during a run. It counts once it was seen from outside to take effect.", "faults.md"},
	{"fencing", nil, "A guarded resource refuses writes with a token lower than one that it has seen. So a client that has lost its hold, and does not know it, does no harm.", "checking.md#the-three-clocks-of-a-hold"},
	{"floating", nil, "A hold whose session may have ended before the grant was known. It held for at least one moment, but no time of it is certain.", "checking.md#the-three-clocks-of-a-hold"},
	{"gate", []string{"gates"}, "A bound of a figure, such as acquire.p99<50ms, that the run must keep.", "compare.md#gates"},
	{"grant", []string{"granted", "grants"}, "The moment at which a client's request for a hold succeeds. It rests on a znode that the client made.", "recipes/lock.md#grant"},
	{"guarded resource", nil, "What holders write to in a run, as a database would be in practice. It knows the tokens of the writes.", "recipes/lock.md#fencing"},
	{"hand-over", []string{"hand-overs"}, "The time from the end of a hold until the next client that waits is granted it.", "results.md#fail-over-and-hand-over"},
	{"harness", nil, "The part of zklab that runs clients and faults, and records what happens.", "history.md"},
	{"heal", []string{"healed"}, "The undoing of all faults after the load. From then on the ensemble must be healthy again.", "checking.md#three-verdicts"},
	{"herd", []string{"herd effect"}, "One release wakes all clients that wait instead of the next.", "results.md#cost"},
	{"history", []string{"record"}, "Everything that was recorded, event by event: history.jsonl. A verdict depends on it and on nothing else.", "history.md"},
	{"hold", []string{"holds"}, "One stay of one client in a lock, a lease or the lead.", "checking.md#the-three-clocks-of-a-hold"},
	{"key", []string{"keys"}, "One object of a run: a lock, a queue, a register. Each is decided by itself.", "checking.md#what-a-record-is"},
	{"L", nil, "Evidence L: the servers' transaction log, which shows what was really committed.", "checking.md#evidence"},
	{"link", []string{"links"}, "The wire between one client and the ensemble. zklab records the sessions that pass it, and cuts and slows it.", "results.md#clients-that-go-around-their-links"},
	{"load", nil, "The part of a run in which clients begin operations and faults are injected.", "checking.md#three-verdicts"},
	{"mark", []string{"marks"}, "The znode, or the data in one, that shows that a grant was real.", "recipes/lock.md#grant"},
	{"measured", nil, "A measured property is reported, but does not decide the verdict unless the run is strict (--strict).", "checking.md#three-verdicts"},
	{"mutant", []string{"mutants"}, "A recipe that is wrong on purpose, to show that a check finds its defect.", "track-record.md#mutants"},
	{"outcome unknown", []string{"unknown outcome", "unknown outcomes"}, "The reply was lost or the caller gave up: the operation may have taken effect, may still do so, or never.", "checking.md#what-a-record-is"},
	{"porcupine", nil, "A program that searches for an order of the operations that explains what was seen. zklab uses it as a second opinion on small histories.", "checking.md#three-verdicts"},
	{"probe", []string{"probes"}, "A session of the harness that writes at a fixed rate, to measure when there is service.", "results.md#fail-over-and-hand-over"},
	{"property", []string{"properties"}, "One promise of a recipe that is decided by itself, such as exclusion: no two clients hold the same key at the same time.", "checking.md"},
	{"quiesce", nil, "The end of a run, after the heal: every client gets its turn once more, queues are drained, and final values are read.", "checking.md#three-verdicts"},
	{"R", nil, "Evidence R: real time, that is when calls began and ended on one clock.", "checking.md#evidence"},
	{"recipe", []string{"recipes"}, "A pattern for coordination on ZooKeeper: a lock, a queue, an election.", "which.md"},
	{"S", nil, "Evidence S: sessions as seen on the wire between clients and servers, not as the recipe reports them.", "checking.md#evidence"},
	{"seed", []string{"seeds"}, "The number from which the operations and the schedule of faults follow. In a simulation everything follows from it.", "simulation.md#what-makes-a-run-the-same-again"},
	{"session", []string{"sessions"}, "What ZooKeeper's servers know of a client. It outlives connections, and ends when it is closed or not heard of for its timeout. Its ephemeral znodes end with it.", "checking.md#when-a-session-dies"},
	{"shrinking", []string{"shrink", "shrunk"}, "Making a failing run smaller, as long as it fails for the same cause.", "simulation.md#shrinking"},
	{"simulation", []string{"simulated", "virtual time"}, "A run on servers within the process, in virtual time: the same seed gives the same run, and a minute takes a second or two.", "simulation.md"},
	{"strict", nil, "In a strict run (--strict) measured properties count for the verdict.", "checking.md#three-verdicts"},
	{"subject", []string{"subjects"}, "The implementation under test.", "adapters.md"},
	{"sweep", []string{"sweeps"}, "Many simulated runs with different seeds and settings, and what was found in them.", "sweeps.md"},
	{"T", nil, "Evidence T: the trees of the servers, read from each server by itself.", "checking.md#evidence"},
	{"token", []string{"tokens"}, "The number of a grant. It rises with each, so that a guarded resource can tell old holders from new ones.", "recipes/lock.md#tokens"},
	{"tree watch", nil, "Watches of zklab's own on the znodes of a run, which show what changed where no transaction log can be read.", "external.md#tree-watch"},
	{"undecided", []string{"unknown verdict"}, "Nothing was violated, but too little happened, or too little is known, to call it valid.", "checking.md#three-verdicts"},
	{"valid", nil, "Nothing was violated, and enough happened that a violation could have shown itself. It is no proof that there is no defect.", "checking.md#three-verdicts"},
	{"verdict", []string{"verdicts"}, "The answer about a property or a run: valid, a violation, or undecided (unknown).", "checking.md#three-verdicts"},
	{"violation", []string{"violations", "violated"}, "A promise was broken. The counterexample proves it, whatever else happened.", "checking.md#three-verdicts"},
	{"W", nil, "Evidence W: the tree watch, which shows what was created and deleted where no transaction log can be read.", "checking.md#evidence"},
	{"Z", nil, "Evidence Z: zxids in replies, which tell which of two changes came first.", "checking.md#evidence"},
	{"znode", []string{"znodes"}, "A node of ZooKeeper's tree. An ephemeral one ends with the session that made it.", "building.md"},
	{"zxid", []string{"zxids"}, "The number of a transaction. ZooKeeper commits transactions in the order of these numbers.", "checking.md#evidence"},
}

// Named returns the term with a word, or the term one of whose forms it is.
func Named(word string) (Term, bool) {
	for _, t := range Terms {
		if t.Word == word || slices.Contains(t.Forms, word) {
			return t, true
		}
	}
	return Term{}, false
}

// Part is a part of a text. Term is nil if the part is not a term.
type Part struct {
	Text string
	Term *Term
}

// Split cuts a text into terms and what is between them. It treats a term as one only at its first place in
// the text, and only if skip returns false; skip records the terms that it was asked about. The letters of
// evidence are terms only in a text of their own, such as "S, L".
func Split(text string, skip func(*Term) bool) (parts []Part) {
	at := 0
	for _, m := range pattern().FindAllStringIndex(text, -1) {
		t, ok := Named(text[m[0]:m[1]])
		if !ok || len(t.Word) == 1 && !letters.MatchString(text) || skip(&t) {
			continue
		}
		if m[0] > at {
			parts = append(parts, Part{Text: text[at:m[0]]})
		}
		parts = append(parts, Part{text[m[0]:m[1]], &t})
		at = m[1]
	}
	if at < len(text) {
		parts = append(parts, Part{Text: text[at:]})
	}
	return parts
}

var letters = regexp.MustCompile(`^[A-Z](, [A-Z])*$`)

// pattern matches each word and form that stands alone, the longest first.
var pattern = sync.OnceValue(func() *regexp.Regexp {
	var words []string
	for _, t := range Terms {
		for _, w := range append([]string{t.Word}, t.Forms...) {
			words = append(words, regexp.QuoteMeta(w))
		}
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
})
