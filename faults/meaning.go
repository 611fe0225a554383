package faults

import (
	"slices"
	"strings"
)

// Meaning returns what a fault does and whom it hits, for people who read its spec: "ends sessions of clients at once; it
// hits a client that holds, or any if none does". It returns "" for a kind that does not exist.
func Meaning(spec string) string {
	spec, _, _ = strings.Cut(spec, "@")
	name, rest, _ := strings.Cut(spec, ":")
	k, ok := Named(name)
	if !ok {
		return ""
	}
	text := k.About
	for word := range strings.SplitSeq(rest, ":") {
		choice, given := strings.CutPrefix(word, whoOption.Key+"=")
		first, anybody := Who(choice).orElse()
		whom := whoMeans[first]
		if whom == "" || !given && !slices.Contains(k.words.list, string(Holder)) { // the word names servers or requests
			continue
		}
		text += "; it hits " + whom
		if anybody {
			text += ", or any if none does"
		}
	}
	return text
}

// whoMeans describes the clients that each choice hits.
var whoMeans = map[Who]string{
	Holder: "a client that holds", Waiter: "a client that waits", Next: "the client that waits first in line",
	Anyone: "any client", Everyone: "all clients",
}
