package recipes

import "testing"

// TestInstancesOfOneID: an update that was registered again comes before what it replaced.
func TestInstancesOfOneID(t *testing.T) {
	first, other := newEntry(at("a", "first")), newEntry(at("a", "other"))
	update := first.next(at("", "update"))
	for _, tt := range []struct {
		members []entry
		want    string
	}{
		{[]entry{first}, "a=first"},
		{[]entry{first, update}, "a=update"},
		{[]entry{update, first}, "a=update"},
		{[]entry{update, other}, "a=other"},
		{[]entry{other, first}, "a=first"},
		// What another registration has replaced does not make what was replaced in its own shown.
		{[]entry{update, other, first}, "a=other"},
		{[]entry{first, other, update}, "a=update"},
		{[]entry{other, update, first}, "a=update"},
		{[]entry{first, update, other}, "a=other"},
		{[]entry{newEntry(at("b", "1")), first}, "a=first b=1"},
	} {
		var members []Member
		for _, e := range tt.members {
			data, err := e.encode()
			must(t, err)
			members = append(members, Member{Data: data})
		}
		if got := whereAre(instancesOf(members)); got != tt.want {
			t.Errorf("%v: shown %q, want %q", tt.members, got, tt.want)
		}
	}
}
