package settings_test

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/settings"
)

// Each knob has a field of its name, has bounds that its default and its choices keep, and a name
// that no other knob has.
func TestKnobs(t *testing.T) {
	usual, seen := settings.Usual(), map[string]bool{}
	for _, k := range settings.Knobs {
		if seen[k.Name()] || k.Usage() == "" {
			t.Errorf("%s: there are two, or it is not explained", k.Name())
		}
		seen[k.Name()] = true
		var s settings.Settings
		if field := reflect.ValueOf(&s).Elem().FieldByName(k.GoName()); !field.IsValid() || field.Addr().Interface() != k.Field(&s) {
			t.Errorf("%s is not field %s", k.Name(), k.GoName())
		}
		if p := k.Problem(usual); p != "" {
			t.Errorf("%s: the default %s", k.Name(), p)
		}
		for i := range k.Choices() {
			k.Draw(&s, 1, k.Choices()[i:i+1])
			if p := k.Problem(s); p != "" || k.Said(s) == "" {
				t.Errorf("%s: choice %v: problem %q, said %q", k.Name(), k.Choices()[i], p, k.Said(s))
			}
		}
	}
}

// A value out of bounds is described in words that follow the name.
func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name string
		s    settings.Settings
		want string
	}{
		{"clients", settings.Settings{}, "must be more than zero"},
		{"clients", settings.Settings{Clients: 1001}, "must be 1000 or fewer"},
		{"rate", settings.Settings{Rate: math.Inf(1)}, "must be 1000000 or less"},
		{"rate", settings.Settings{Rate: math.NaN()}, "must be more than zero"},
		{"ops", settings.Settings{Ops: -1}, "must not be negative"},
		{"ops", settings.Settings{}, ""},
		{"time-limit", settings.Settings{TimeLimit: 1001 * time.Hour}, "must be 1000h0m0s or less"},
		{"session-timeout", settings.Settings{SessionTimeout: 1}, "must be 1ms to 596h31m23.647s: clients send it as 32-bit milliseconds"},
		{"session-timeout", settings.Settings{SessionTimeout: math.MaxInt32 * time.Millisecond}, ""},
		{"label", settings.Settings{Label: "\xff"}, "must be one line of at most 100 characters"},
		{"label", settings.Settings{Label: "two\nlines"}, "must be one line of at most 100 characters"},
		{"label", settings.Settings{Label: strings.Repeat("ä", 100)}, ""},
		{"fault-interval", settings.Settings{FaultInterval: time.Millisecond}, "must be 100ms or more"},
	} {
		if got := problemOf(c.name, c.s); got != c.want {
			t.Errorf("%s of %+v: %q, want %q", c.name, c.s, got, c.want)
		}
	}
}

// problemOf returns what is wrong with the knob that has the name.
func problemOf(name string, s settings.Settings) string {
	i := slices.IndexFunc(settings.Knobs, func(k settings.Knob) bool { return k.Name() == name })
	return settings.Knobs[i].Problem(s)
}

// The first wrong knob is reported, and none if all are right.
func TestFirstProblem(t *testing.T) {
	s := settings.Usual()
	if k, problem := s.Problem(); k != nil || problem != "" {
		t.Error(k, problem)
	}
	s.Keys, s.OpTimeout = -1, -1
	if k, problem := s.Problem(); k == nil || k.Name() != "keys" || problem != "must be more than zero" {
		t.Error(k, problem)
	}
}

// The struct that Go users fill in has a field for each setting.
func TestExperimentHasEachSetting(t *testing.T) {
	experiment := reflect.TypeFor[zklab.Experiment]()
	for f := range reflect.TypeFor[settings.Settings]().Fields() {
		same, has := experiment.FieldByName(f.Name)
		elsewhere := map[string]bool{"Nodes": true, "Latencies": true, "FaultInterval": true}[f.Name] // these are in Ensemble and Faults
		if has == elsewhere || has && same.Type != f.Type {
			t.Errorf("zklab.Experiment has %s: %v, of type %v here", f.Name, has, f.Type)
		}
	}
}

func TestOver(t *testing.T) {
	if got := (settings.Settings{Clients: 9}).Over(settings.Settings{Clients: 1, Keys: 2, Strict: true}); got.Clients != 9 || got.Keys != 2 || !got.Strict {
		t.Errorf("%+v", got)
	}
}

// Each setting is read by code that obeys it, apart from the code that declares, describes and
// copies settings.
func TestEachSettingIsObeyed(t *testing.T) {
	unread := map[string][]byte{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[settings.Settings]()) {
		unread[f.Name] = []byte("." + f.Name)
	}
	for _, room := range []string{"cli", "internal", "workloads", "faults", "checker", "history", "store"} {
		err := filepath.WalkDir(filepath.Join("..", room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for name, read := range unread {
				if bytes.Contains(text, read) {
					delete(unread, name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range unread {
		t.Errorf("no code obeys the setting %s", name)
	}
}
