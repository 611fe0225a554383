package verdicts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/store"
)

// Property is the result for one property over all keys.
type Property struct {
	Name     string
	Meaning  string // what it promises, in a sentence; empty for properties unknown here
	Result   checker.Result
	Measured bool // it does not decide the verdict of the run, unless that is strict
	measures *checker.Measure
	Verdicts []checker.Verdict
	// SameAs is the earlier property that was not decided for the same single reason; "" if there
	// is none.
	SameAs string
}

// Properties groups verdicts by property, in their order.
func Properties(r *store.Result) []Property {
	var out []Property
	for _, v := range r.Verdicts {
		i := slices.IndexFunc(out, func(p Property) bool { return p.Name == v.Property })
		if i < 0 {
			i = len(out)
			out = append(out, Property{Name: v.Property, Meaning: v.Means(r.Recipe), Result: checker.Valid, Measured: true, measures: checker.Measured(r.Recipe, v.Property)})
		}
		if v.Result.Compare(out[i].Result) > 0 {
			out[i].Result = v.Result
		}
		out[i].Measured = out[i].Measured && v.Measured
		out[i].Verdicts = append(out[i].Verdicts, v)
	}
	told := map[string]string{}
	for i := range out {
		if reasons := out[i].Reasons(); out[i].Result == checker.Unknown && len(reasons) == 1 {
			if out[i].SameAs = told[reasons[0]]; out[i].SameAs == "" {
				told[reasons[0]] = out[i].Name
			}
		}
	}
	return out
}

// Decides reports whether the property counts for the verdict of the run.
func (p Property) Decides(strict bool) bool { return !p.Measured || strict }

// With returns the verdicts with result r.
func (p Property) With(r checker.Result) []checker.Verdict {
	var out []checker.Verdict
	for _, v := range p.Verdicts {
		if v.Result == r {
			out = append(out, v)
		}
	}
	return out
}

// Words returns the result with the number of keys that have it.
func (p Property) Words() string {
	var parts []string
	for _, r := range []checker.Result{checker.Violation, checker.Unknown, checker.Valid} {
		if n := len(p.With(r)); n > 0 {
			parts = append(parts, p.wordsFor(r, n))
		}
	}
	return strings.Join(parts, ", ")
}

func (p Property) wordsFor(r checker.Result, n int) string {
	word := map[checker.Result]string{checker.Violation: "violated", checker.Unknown: "not decided", checker.Valid: "valid"}[r]
	if p.Measured && r == checker.Violation {
		word = "happened"
	}
	if n == 1 && len(p.Verdicts) == 1 && p.Verdicts[0].Key == "" {
		return word
	}
	return fmt.Sprintf("%s for %s", word, words.Plural(n, "key"))
}

// Reasons returns the reasons of the verdicts that are not valid, the worst first, each with its
// keys.
func (p Property) Reasons() []string {
	var out []string
	for _, r := range []checker.Result{checker.Violation, checker.Unknown} {
		keys := map[string][]string{}
		var order []string
		for _, v := range p.With(r) {
			if v.Reason == "" {
				continue
			}
			if keys[v.Reason] == nil {
				order = append(order, v.Reason)
			}
			keys[v.Reason] = append(keys[v.Reason], v.Key)
		}
		for _, reason := range order {
			if prefix := about(keys[reason]); !strings.HasPrefix(reason, prefix) { // some say it themselves
				reason = prefix + reason
			}
			out = append(out, reason)
		}
	}
	return out
}

// about names the keys that a reason is about, if any.
func about(keys []string) string {
	named := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == "" })
	switch n := len(named); {
	case n == 0:
		return ""
	case n > 6:
		return fmt.Sprintf("%s and %s: ", strings.Join(named[:5], ", "), words.Plural(n-5, "more key"))
	}
	return prose.List(named, "and") + ": "
}

// Passed reports whether the property was kept, so that only its figures are left to
// show.
func (p Property) Passed() bool { return p.Result == checker.Valid }

// Open reports whether the page shows the details at once. Another part of the page shows those of
// violations.
func (p Property) Open() bool { return p.Result == checker.Unknown && p.SameAs == "" }

// ByKey reports whether the property has verdicts of several keys.
func (p Property) ByKey() bool { return len(p.Verdicts) > 1 }

// Mark returns the sign of the result. A measured property never gets the sign of a violation.
func (p Property) Mark() string {
	if p.Measured && p.Result == checker.Violation {
		return "!"
	}
	return Mark(p.Result)
}

// Class returns the result that determines the colour of the sign.
func (p Property) Class() checker.Result {
	if p.Measured && p.Result == checker.Violation {
		return checker.Unknown
	}
	return p.Result
}

// Evidence lists the evidence of the verdicts, each once.
func (p Property) Evidence() string {
	return p.distinct(func(v checker.Verdict) string { return v.Evidence })
}

// Decider names the procedures that decided.
func (p Property) Decider() string {
	return p.distinct(func(v checker.Verdict) string { return v.Decider })
}

func (p Property) distinct(of func(checker.Verdict) string) string {
	var out []string
	for _, v := range p.Verdicts {
		if s := of(v); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// Notes returns the notes of all verdicts, each once.
func (p Property) Notes() []string {
	var out []string
	for _, v := range p.Verdicts {
		for _, n := range v.Notes {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// Violations returns the verdicts that are violations.
func Violations(verdicts []checker.Verdict) []checker.Verdict {
	var out []checker.Verdict
	for _, v := range verdicts {
		if v.Result == checker.Violation {
			out = append(out, v)
		}
	}
	return out
}

// Sentence returns the verdict of the run as a sentence. For a valid one, it adds what was not checked.
func Sentence(r *store.Result) string {
	if r.Verdict == checker.Valid {
		return Headline(r) + Unchecked(r.NotAvailable)
	}
	return Headline(r)
}

// Headline is like [Sentence], without what was not checked.
func Headline(r *store.Result) string {
	ps := Properties(r)
	named := func(result checker.Result) []string {
		var out []string
		for _, p := range ps {
			if p.Result == result && p.Decides(r.Strict) {
				out = append(out, p.Name)
			}
		}
		return out
	}
	what := words.Subject(r)
	switch r.Verdict {
	case checker.Violation:
		broken := named(checker.Violation)
		return fmt.Sprintf("%s: %s", Broke(r.Recipe, what, broken), violatedWords(broken))
	case checker.Unknown:
		if names := named(checker.Unknown); len(names) > 0 {
			return fmt.Sprintf("nothing was violated, but %s could not be decided", prose.List(names, "and"))
		}
		return "nothing was violated, but the run does not allow a verdict"
	case checker.Valid:
		return fmt.Sprintf("%s kept every promise that was checked: %s", what, prose.Count(len(named(checker.Valid)), "property"))
	}
	return "no verdict was reached"
}

// Broke says who broke a promise: the subject, the servers, or perhaps both.
func Broke(model, subject string, properties []string) string {
	theirs := 0
	for _, p := range properties {
		if checker.OfServers(model, p) {
			theirs++
		}
	}
	switch {
	case theirs == 0:
		return subject + " broke its promise"
	case theirs == len(properties):
		return "the servers broke their promise"
	}
	return subject + " broke its promise, or the servers broke theirs"
}

func violatedWords(names []string) string {
	switch len(names) {
	case 0:
		return "a property was violated"
	case 1:
		return names[0] + " was violated"
	}
	return prose.List(names, "and") + " were violated"
}

// MostCounterexamples limits the counterexamples on the page.
const MostCounterexamples = 20

// Mark returns the sign of a result.
func Mark(r checker.Result) string {
	if r == "" {
		return "–"
	}
	return map[checker.Result]string{checker.Valid: "✓", checker.Violation: "✗", checker.Unknown: "?"}[r]
}

// Word returns a result as a word with a capital letter.
func Word(r checker.Result) string {
	if r == "" {
		return "No verdict"
	}
	return map[checker.Result]string{checker.Valid: "Valid", checker.Violation: "Violation", checker.Unknown: "Undecided"}[r]
}

// Deciding leaves out measured properties, unless the run is strict.
func Deciding(verdicts []checker.Verdict, strict bool) []checker.Verdict {
	return slices.DeleteFunc(verdicts, func(v checker.Verdict) bool { return v.Measured && !strict })
}

// Meaning says in a sentence what the verdict means.
func Meaning(r *store.Result) string {
	switch r.Verdict {
	case checker.Violation:
		return "A violation is final: the events below prove it, whatever else happened."
	case checker.Valid:
		return "Enough happened that a violation would have shown itself. That is no proof: another seed or another fault may still find one."
	case checker.Unknown:
		return "That is not valid: too little happened, or too little is known, to say so."
	}
	return ""
}

// MostOpen is the number of reasons that stand beside an undecided verdict.
const MostOpen = 4

// OpenReasons says why the verdict is unknown: the assumptions that are not met, and the properties that
// were not decided, each reason once.
func OpenReasons(r *store.Result) (out []string) {
	if r.Verdict != checker.Unknown {
		return nil
	}
	add := func(text string) {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	unmet := checker.Unmet(r.Assumptions)
	for _, a := range unmet {
		add(a.Text)
	}
	names := map[string][]string{}
	var reasons []string
	for _, p := range Properties(r) {
		if p.Result != checker.Unknown || !p.Decides(r.Strict) {
			continue
		}
		for _, reason := range p.Reasons() {
			if names[reason] == nil {
				reasons = append(reasons, reason)
			}
			names[reason] = append(names[reason], p.Name)
		}
	}
	for _, reason := range reasons {
		if slices.ContainsFunc(unmet, func(a checker.Assumption) bool { return a.Text != "" && strings.HasSuffix(reason, a.Text) }) {
			continue // an assumption says it already
		}
		add(prose.List(names[reason], "and") + ": " + reason)
	}
	if more := len(out) - MostOpen; more > 0 {
		out = append(out[:MostOpen], words.Plural(more, "more reason")+" below")
	}
	return out
}
