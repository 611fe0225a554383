package faults_test

import (
	"testing"

	"github.com/zklab/zklab/faults"
)

func TestMeaning(t *testing.T) {
	for spec, want := range map[string]string{
		"expire":                          "ends sessions of clients at once",
		"expire:holder-or-any":            "ends sessions of clients at once; it hits a client that holds, or any if none does",
		"expire:all":                      "ends sessions of clients at once; it hits all clients",
		"lose-reply:any:who=next-or-any":  "loses replies to clients, and closes their connections; it hits the client that waits first in line, or any if none does",
		"expire@client1/acquire#1/create": "ends sessions of clients at once",
		"pause:all":                       "freezes servers: connections stay open, but nothing is answered",
		"nosuch:holder":                   "",
	} {
		if got := faults.Meaning(spec); got != want {
			t.Errorf("%s: %q, want %q", spec, got, want)
		}
	}
}
