package checker

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/servers"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
)

// Assumption is a condition that must hold for a valid verdict of a run to count.
type Assumption struct {
	Name string `json:"name"` // "healthy-before", "healthy-after", "load", "faults", "working", "clients", "record", "links", "path", "servers"
	Met  bool   `json:"met"`
	Text string `json:"text"` // one sentence, with figures
}

// Unmet returns those assumptions that do not hold.
func Unmet(all []Assumption) []Assumption {
	return slices.DeleteFunc(slices.Clone(all), func(a Assumption) bool { return a.Met })
}

// assumptions returns what must hold for a valid verdict to count. A history that zklab did not
// write states no facts about its run: there is nothing to assume.
func assumptions(a *evidence.Record, acc *Account) []Assumption {
	if a.Foreign {
		return nil
	}
	as := []Assumption{
		healthy(a, "healthy-before", "before", "before the load"),
		healthy(a, "healthy-after", "after", "after the heal"),
		loaded(a, acc.Load),
		faulted(a, acc),
		working(acc),
		unbroken(a),
		recorded(a),
	}
	if a.NamesSessions {
		as = append(as, linked(a))
		if !a.PathUsed() {
			as = append(as, Assumption{"path", false, "nothing was ever written below the path that the subject was given: it works elsewhere, or not at all (the path does not exist until the recipe creates it)"})
		}
	}
	if servers.Told(a) && !decides(a, servers.Properties[0]) {
		as = append(as, kept(a))
	}
	return as
}

func healthy(a *evidence.Record, name, when, moment string) Assumption {
	v, ok := a.Health[when]
	switch {
	case !ok:
		return Assumption{name, false, "the run did not check whether the ensemble was healthy " + moment}
	case !v.Healthy:
		return Assumption{name, false, strings.TrimSuffix(fmt.Sprintf("the ensemble was not healthy %s: %s", moment, v.Detail), ": ")}
	}
	return Assumption{name, true, "the ensemble was healthy " + moment}
}

// loadOnKey is how many operations some key must have seen, if keys live longer than one round.
const loadOnKey = 10

// loaded requires that enough operations were answered before the first fault: a subject that never
// worked must not pass because nothing happened. A refusal that the operation declares is an
// answer.
func loaded(a *evidence.Record, load LoadAccount) Assumption {
	before, did := "before the first fault", "succeeded"
	if a.Faults.First() == evidence.Never {
		before = "in the load phase"
	}
	if load.Refused > 0 {
		did = "succeeded, or were refused,"
	}
	want := a.Params.MinLoad
	text := fmt.Sprintf("%s %s %s, of %d wanted", prose.Count(load.Before, "operation"), did, before, want)
	met := load.Before >= want
	if why := a.NeverWorked(); why != "" {
		return Assumption{"load", false, why}
	}
	if met && load.Ended == 0 {
		return Assumption{"load", false, "no operation succeeded in the load phase: the load was too short, or no client could do anything"}
	}
	if met && !a.Object.Rounds && load.OnKey < min(loadOnKey, want) {
		met = false
		text = fmt.Sprintf("no key had more than %d operations that %s %s, of %d wanted", load.OnKey, did, before, loadOnKey)
	}
	return Assumption{"load", met, text}
}

// faulted is the assumption that each kind of fault that the user named took effect at least once,
// that at least one fault of a mix took effect, and that clients got answers afterwards: a run is
// judged by what happened in it.
func faulted(a *evidence.Record, acc *Account) Assumption {
	verified, outcomes, came, late := map[string]int{}, map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, f := range a.Faults.All {
		came[f.Kind] = true
		late[f.Kind] = late[f.Kind] || f.TooLate
		if f.Took {
			verified[f.Kind]++
		} else if f.WhyNot != "" {
			outcomes[f.Kind] = f.WhyNot
		}
	}
	var missing, excused, seen []string
	for _, kind := range expectedKinds(a) {
		switch {
		case verified[kind] > 0:
			seen = append(seen, kind)
		case slices.Contains(a.Params.Optional, kind):
			excused = append(excused, kind)
		default:
			missing = append(missing, kind)
		}
	}
	switch {
	case len(missing) > 0 && !slices.ContainsFunc(missing, func(kind string) bool { return came[kind] }):
		return Assumption{"faults", false, strings.Join(missing, " and ") + " never happened: the load ended before; " + advice.LongerLoad.Text()}
	case len(missing) > 0 && !slices.ContainsFunc(missing, func(kind string) bool { return !late[kind] }):
		return Assumption{"faults", false, "the load ended before " + strings.Join(missing, " and ") + " took effect; " + advice.LongerLoad.Text()}
	case len(missing) > 0:
		text := fmt.Sprintf("scheduled but never seen to take effect: %s", strings.Join(missing, ", "))
		if why := outcomes[missing[0]]; why != "" {
			text += " (" + why + ")"
		}
		return Assumption{"faults", false, text}
	case len(seen)+len(excused)+len(came) == 0:
		return Assumption{"faults", true, "no fault was scheduled"}
	case len(seen)+len(excused)+len(verified) == 0:
		return Assumption{"faults", true, "no fault took effect, and none was asked for by name"}
	case len(seen)+len(excused) == 0: // the user named no kind, as in one run of many
		return Assumption{"faults", true, "faults took effect: " + howOften(slices.Sorted(maps.Keys(verified)), verified)}
	case len(seen) == 0:
		return Assumption{"faults", false, "no fault took effect: " + strings.Join(excused, ", ")}
	}
	if _, at, called := acc.silent(); called {
		return Assumption{"faults", false, "no operation of the load succeeded from when the first fault took effect, at " + words.At(at) + ", to the end of the load: nothing could have gone wrong any more"}
	}
	slices.Sort(seen)
	text := "faults took effect: " + howOften(seen, verified)
	if len(excused) > 0 {
		text += "; none from " + strings.Join(excused, ", ")
	}
	return Assumption{"faults", true, text}
}

// howOften lists kinds of faults, each with how often it took effect.
func howOften(kinds []string, verified map[string]int) string {
	var each []string
	for _, kind := range kinds {
		each = append(each, kind+" "+prose.Times(verified[kind]))
	}
	return strings.Join(each, ", ")
}

// kept is the assumption that servers kept the promises on which recipes rely, to every client.
func kept(a *evidence.Record) Assumption {
	if broken := servers.Broken(a); broken != "" {
		return Assumption{"servers", false, "the servers broke a promise that every recipe relies on: " + broken}
	}
	return Assumption{"servers", true, "the links saw the servers break no promise"}
}

// decides reports whether a property is one of the record's object.
func decides(a *evidence.Record, p *frame.Property) bool {
	return slices.Contains(models[a.Object.Name].Properties, p)
}

// expectedKinds returns the kinds of scheduled faults, each once.
func expectedKinds(a *evidence.Record) []string {
	var kinds []string
	for _, spec := range a.Params.Expects {
		if kind := evidence.FaultKind(spec); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// working is the assumption that not every client ended in a call that never returned. If all
// clients are stuck, no client waits for another, and nothing can go wrong any more.
func working(acc *Account) Assumption {
	stuck := 0
	for _, c := range acc.Clients {
		if c.Stuck {
			stuck++
		}
	}
	text := fmt.Sprintf("%s ended in a call that never returned, of %d", prose.Count(stuck, "client"), len(acc.Clients))
	return Assumption{"working", stuck == 0 || stuck < len(acc.Clients), text}
}

// unbroken is the assumption that every client's process kept to the protocol to the end.
func unbroken(a *evidence.Record) Assumption {
	for _, client := range slices.Sorted(maps.Keys(a.Exits)) {
		for _, x := range a.Exits[client] {
			if x.Broken {
				text := "client " + words.Number(client) + " dropped out at " + words.At(x.At)
				if x.Detail != "" {
					text += ": " + x.Detail
				}
				return Assumption{"clients", false, text}
			}
		}
	}
	return Assumption{"clients", true, "no client dropped out"}
}

// recorded requires a complete record.
func recorded(a *evidence.Record) Assumption {
	damage := append(slices.Clone(a.History.Damage), a.Damages()...)
	phases := []string{history.PhaseLoad, history.PhaseHeal, history.PhaseQuiesce}
	missing := slices.DeleteFunc(slices.Clone(phases), func(phase string) bool { return a.Phase(phase) != evidence.Never })
	none := len(missing) == len(phases)
	if a.History.Complete && !none { // a stopped run may not have come so far
		for _, phase := range missing {
			damage = append(damage, fmt.Sprintf("the event that begins the phase %s is missing", phase))
		}
	}
	switch {
	case len(damage) == 0 && a.History.Complete && none:
		return Assumption{"record", false, fmt.Sprintf("the record has no phases (%s); a hand-made history may leave them out, and then only its violations count", strings.Join(phases, ", "))}
	case len(damage) > 0:
		return Assumption{"record", false, "the record is damaged: " + words.Some(damage)}
	case a.History.Truncated:
		return Assumption{"record", false, "the record is cut off in its last line; it was checked up to there"}
	case !a.History.Complete:
		return Assumption{"record", false, "the record has no end mark: the run did not end by itself; it was checked up to its last event"}
	}
	return Assumption{"record", true, "the record is complete"}
}

// NothingWrong is the beginning of the reason of a verdict that is unknown only because assumptions
// do not hold. The unmet assumptions follow it.
const NothingWrong = "nothing wrong was found, but "

// requireMet turns each valid verdict that counts into unknown if an assumption does not hold. A
// violation stands whether or not the assumptions hold.
func requireMet(a *evidence.Record, as []Assumption, vs []Verdict, opts Options) []Verdict {
	var unmet []string
	for _, a := range Unmet(as) {
		unmet = append(unmet, a.Text)
	}
	for i := range vs {
		v := &vs[i]
		if a.History.Truncated && a.Foreign {
			v.Notes = append(v.Notes, "the record is cut off in its last line; it was checked up to there")
		}
		v.Unexercised = v.Unexercised && len(unmet) == 0
		if (v.Result == Valid || v.Short) && len(unmet) > 0 && (!v.Measured || opts.Strict) {
			v.Result = Unknown
			v.Reason = NothingWrong + strings.Join(unmet, "; ")
		}
	}
	return vs
}
