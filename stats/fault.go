package stats

import (
	"cmp"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Fault is one fault with its consequences.
type Fault struct {
	Number   int          `json:"number"`
	Kind     string       `json:"kind"`    // pause, expire
	Spec     string       `json:"spec"`    // pause:leader
	Outcome  string       `json:"outcome"` // the last of verified, failed, skipped
	Servers  []int        `json:"servers,omitempty"`
	Clients  []int        `json:"clients,omitempty"`
	Sessions []history.ID `json:"sessions,omitempty"`
	Holding  []string     `json:"holding,omitempty"`
	Elected  int          `json:"elected,omitempty"` // server that led afterwards, if the leader changed
	// ElectedAt is when the harness saw that leader; it looks about ten times per second.
	ElectedAt time.Duration `json:"elected_at,omitempty"`
	Injected  time.Duration `json:"injected"`
	Verified  time.Duration `json:"verified,omitempty"`
	// HealBegan is when the heal began, Healed when it ended.
	HealBegan time.Duration `json:"heal_began,omitempty"`
	Healed    time.Duration `json:"healed,omitempty"`
	// Turns are those of the servers, if the fault takes them down one after the other.
	Turns []history.FaultTurn `json:"turns,omitempty"`
	// Failover is the time from the verified effect to the end of the first success that was
	// invoked after it, over all clients. Of a fault with Turns it is the longest of the times from
	// each turn. FailoverAffected is the shortest of the affected clients. -1 means that there was
	// none. A success that ended after the heal began does not count, unless each server had its turn.
	Failover         time.Duration `json:"failover"`
	FailoverAffected time.Duration `json:"failover_affected"`
	// FailoverAtLeast is how long no operation succeeded: until the heal began or, if there was
	// nothing to heal, until the record ended. It is 0 if there is a fail-over, or if no operation
	// was under way in that time.
	FailoverAtLeast time.Duration `json:"failover_at_least,omitempty"`
	// NoMajority means that the fault left no majority of the servers. Fail-over was then impossible
	// before the heal, and is not measured.
	NoMajority bool `json:"no_majority,omitempty"`
	// Affected are the fail-overs of the affected clients, each measured like Failover. Clients
	// without operations during the fault are left out, and so are clients whose process the fault
	// stops.
	Affected []ClientFailover `json:"affected,omitempty"`
	// HandOvers are the hand-overs after the holds that the fault ended.
	HandOvers []HandOver `json:"hand_overs,omitempty"`
	// Outages are the times without service that the probes saw, in order of server.
	Outages []Outage `json:"outages,omitempty"`
	// Outlasted are the sessions that the fault, such as a freeze, outlasted.
	Outlasted []Outlasted `json:"outlasted,omitempty"`
	// Felt means that, during the fault, an operation failed, had an unknown outcome, or took (from
	// its invocation) more than FeltOver, or that a client lost what it held, or its place in a
	// group. Errors of a kind that also occurred before the first fault do not count.
	Felt bool `json:"felt"`
	// Detail describes the effect for people: "lost the reply to create /a/b".
	Detail   string   `json:"detail,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// TooLate means that the load ended before the fault took effect.
	TooLate bool `json:"too_late,omitempty"`
	// Traits come from the record, or otherwise from the fault's kind.
	Traits history.FaultTraits `json:"-"`
}

// ClientFailover is the fail-over of one client.
type ClientFailover struct {
	Client int `json:"client"`
	measured.Bound
	Phases *samples.FailoverPhases `json:"phases,omitempty"` // of a fail-over that ended
}

// HandOver is the time from the end of a hold to the next grant of its key. From is when the hold
// ended or, if no client waited for the key then, when the next client asked for it.
type HandOver struct {
	Key    string        `json:"key"`
	Client int           `json:"client"` // the previous holder
	From   time.Duration `json:"from"`
	measured.Bound
}

// Outage is the longest time without service that a probe saw because of a fault: the longest time
// between two successful writes, as far as it lies after the injection. If it lasted until the heal
// began, or until the record of the probe ended, it is a lower bound.
type Outage struct {
	// Server is the only server that the probe uses; 0 if it uses all of them, as clients do.
	Server int `json:"server"`
	measured.Bound
}

// Outlasted is a session that a fault outlasted, of a client that could do nothing during the
// fault.
type Outlasted struct {
	Client  int           `json:"client"`
	Session history.ID    `json:"session"`
	Timeout time.Duration `json:"timeout"` // session timeout, as granted
	// Ended means that the client was later told that the session had expired, and that no other
	// fault had ended it.
	Ended bool `json:"ended"`
}

// Outage returns the times without service during the fault, by probe: the time that the probe
// which uses all servers saw, and the shortest and the longest time that probes which stay with one
// server saw. They are nil if there is no such probe.
func (f *Fault) Outage() (any, best, worst *measured.Bound) {
	for i := range f.Outages {
		o := &f.Outages[i]
		if o.Server == 0 {
			any = &o.Bound
			continue
		}
		if best == nil || measured.Compare(o.Bound, *best) < 0 {
			best = &o.Bound
		}
		if worst == nil || measured.Compare(o.Bound, *worst) > 0 {
			worst = &o.Bound
		}
	}
	return any, best, worst
}

// Bounds returns the fail-over of the fault over all clients, which is at most one, those of the
// affected clients, and the hand-overs of the holds that it ended.
func (f *Fault) Bounds() (all, affected, handOvers []measured.Bound) {
	switch {
	case f.Failover >= 0:
		all = append(all, measured.Bound{Time: f.Failover})
	case f.FailoverAtLeast > 0:
		all = append(all, measured.Bound{Time: f.FailoverAtLeast, AtLeast: true})
	}
	for _, c := range f.Affected {
		affected = append(affected, c.Bound)
	}
	for _, o := range f.HandOvers {
		handOvers = append(handOvers, o.Bound)
	}
	return all, affected, handOvers
}

// name returns the kind and target of the fault, without a time.
func (f *Fault) name() string {
	name, _, _ := strings.Cut(cmp.Or(f.Spec, f.Kind), "@")
	return name
}

// target returns the target: leader for pause:leader.
func (f *Fault) target() string {
	_, where, _ := strings.Cut(f.name(), ":")
	return where
}

// hitsAll reports whether a fault affects every client: without its leader or a majority, the
// ensemble serves no client.
func (f *Fault) hitsAll() bool {
	switch f.target() {
	case "leader", "majority", "all":
		return len(f.Servers) > 0 || len(f.Clients) == 0
	}
	return f.Elected != 0
}

// endsSessions reports whether the fault ends its sessions, however long it lasts. Other faults
// name the sessions of the connections that they hit.
func (f *Fault) endsSessions() bool {
	return f.Traits.Sessions == history.EndAtOnce || f.Traits.Sessions == history.EndByTimeout
}

// atOnce is longer than the time between verification and heal of any fault without a lasting
// effect, since its heal has nothing to undo.
const atOnce = 10 * time.Millisecond

// censored returns when the heal began, which may have caused the next success, or the end of the
// record if there was no heal or nothing to heal.
func (f *Fault) censored(end time.Duration) time.Duration {
	healed := cmp.Or(f.HealBegan, f.Healed)
	if healed-f.Verified < atOnce || f.endsSessions() || f.hadAllTurns() {
		return end
	}
	return healed
}

// hadAllTurns reports whether the fault ended by itself, with the turn of the last server. Then the heal had nothing to
// undo.
func (f *Fault) hadAllTurns() bool { return len(f.Turns) > 0 && len(f.Turns) == len(f.Servers) }

// effect is when a fault was injected, and when it was seen to have taken effect.
type effect struct{ from, at time.Duration }

// effects returns the effects of the fault: one, or one for the turn of each server.
func (f *Fault) effects() []effect {
	if len(f.Turns) == 0 {
		return []effect{{f.Injected, f.Verified}}
	}
	var all []effect
	for _, t := range f.Turns {
		all = append(all, effect{t.From, t.At})
	}
	return all
}

// leavesNoMajority reports whether too few servers were left to serve clients before the heal.
func (f *Fault) leavesNoMajority(servers int) bool {
	if !kinds.Named(f.Kind).Down {
		return false
	}
	where := f.target()
	return where == "all" || where == "majority" || servers > 0 && 2*(servers-len(f.Servers)) <= servers
}
