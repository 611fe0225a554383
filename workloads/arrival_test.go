package workloads

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseArrival(t *testing.T) {
	for _, want := range []Arrival{{0, 1}, {12, 340}, {Together, 2}} {
		if got, err := ParseArrival(want.String()); err != nil || got != want {
			t.Errorf("%s: %+v, %v", want, got, err)
		}
	}
	for _, text := range []string{"", "client0", "client0#0", "client0#-1", "client-1#1", "client#1", "all", "all#x", "any#1", "client01#1", "client0#1 ", "client0#99999999999999999999"} {
		if a, err := ParseArrival(text); err == nil {
			t.Errorf("%q is %+v", text, a)
		}
	}
}

func TestBegins(t *testing.T) {
	var told []Arrival
	e := &Env{Arrivals: []Arrival{{1, 2}, {Together, 3}}, OnArrival: func(a Arrival) { told = append(told, a) }}
	for n := range 4 {
		for _, client := range []int{0, 1, Together} {
			e.begins(client, n)
		}
	}
	if diff := cmp.Diff([]Arrival{{1, 2}, {Together, 3}}, told); diff != "" {
		t.Error(diff)
	}
	e.Arrivals = nil
	if !e.begins(7, 7) {
		t.Error("an arrival is left out of all")
	}
	e.Arrivals = []Arrival{}
	if e.begins(1, 2) {
		t.Error("an arrival is left of none")
	}
}
