package faults_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		list  string
		specs []string
		err   string // part of the message; empty for none
	}{
		{list: "", specs: nil},
		{list: "pause", specs: []string{"pause"}},
		{list: "pause,expire", specs: []string{"pause", "expire"}},
		{list: "pause:majority, expire:holder", specs: []string{"pause:majority", "expire:holder"}},
		{list: "paus", err: `unknown fault "paus"; known are expire, pause`},
		{list: "pause,", err: `unknown fault ""`},
		{list: "pause:holder", err: "pause:leader"},
		{list: "expire:", err: `knows no ""`},
	} {
		t.Run(tt.list, func(t *testing.T) {
			got, err := faults.Parse(tt.list)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var specs []string
			for _, f := range got {
				specs = append(specs, f.Spec())
			}
			if diff := cmp.Diff(tt.specs, specs); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Everything that is listed for users can be parsed, and says what it is.
func TestListedFaultsParse(t *testing.T) {
	for _, kind := range faults.Names() {
		if faults.About(kind) == "" {
			t.Errorf("%s has no description", kind)
		}
		for _, arg := range faults.Arguments(kind) {
			got, err := faults.Parse(kind + ":" + arg)
			if err != nil {
				t.Fatal(err)
			}
			if spec := got[0].Spec(); spec != kind+":"+arg {
				t.Errorf("%s:%s is written back as %s", kind, arg, spec)
			}
		}
	}
}
