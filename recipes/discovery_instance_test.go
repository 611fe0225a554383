package recipes

import "testing"

// TestInstancesOfOneID has an update that was registered again, so that it comes before
// the instance that it replaced.
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
		// That another registration has replaced an update does not bring back what the update had
		// replaced.
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
