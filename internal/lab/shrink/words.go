package shrink

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// mostDetail bounds the text about a fault, in characters.
const mostDetail = 200

// Words describes one fault as it happened: lose-reply:who=holder (client 2, lost the reply to
// getChildren, 1.203 s). The words for its effect come from the fault itself or from its kind.
func Words(f stats.Fault) string {
	kind := kinds.Named(f.Kind)
	var facts []string
	whom, did := "", kind.Was
	for _, who := range []struct {
		one string
		ids []int
	}{{"client", f.Clients}, {"server", f.Servers}} {
		if n := len(who.ids); n > 0 && (who.one == "client") == kind.Hits.Clients() {
			if n > 1 {
				did = kind.Were
			}
			whom = prose.Noun(n, who.one) + " " + prose.Numbers(who.ids)
		}
	}
	switch {
	case f.Detail != "":
		if !strings.HasPrefix(f.Detail, whom) {
			facts = append(facts, whom)
		}
		facts = append(facts, printable.Text(f.Detail, mostDetail))
	case whom != "":
		facts = append(facts, strings.TrimSpace(whom+" "+did))
	}
	if at := cmp.Or(f.Verified, f.Injected); at > 0 {
		facts = append(facts, fmt.Sprintf("%.3f s", at.Seconds()))
	}
	text := printable.Text(cmp.Or(serverOf(kind, f.Spec), f.Kind), mostDetail)
	if len(facts) == 0 {
		return text
	}
	return fmt.Sprintf("%s (%s)", text, strings.Join(facts, ", "))
}

// serverOf changes a specification that names a client so that it says that the target is the client's
// server: pause:client-0 pauses a server, not client 0.
func serverOf(kind kinds.Kind, spec string) string {
	if kind.Hits.Clients() {
		return spec
	}
	return strings.Replace(spec, ":client-", ":server-of-client-", 1)
}
