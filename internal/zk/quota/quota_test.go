package quota

import "testing"

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "count=-1,bytes=-1",
		"count=4,bytes=30":  "count=4,bytes=30",
		"count=-1,bytes=-1": "count=-1,bytes=-1",
		"count=1,bytes=2=;byteHardLimit=3;countHardLimit=4": "count=1,bytes=2=;byteHardLimit=3;countHardLimit=4",
		"count=1,bytes=2=;z=5;a=6":                          "count=1,bytes=2=;a=6;z=5",
		"bytes=2":                                           "count=-1,bytes=2",
	} {
		n, ok := Parse([]byte(in))
		if got := string(n.Data()); !ok || got != want {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
	for _, in := range []string{"x", "count=", "count=x,bytes=1", "count=1,bytes=2=;", "count=99999999999999999999"} {
		if n, ok := Parse([]byte(in)); ok {
			t.Errorf("%q: %v", in, n)
		}
	}
	if n, _ := Parse([]byte("count=1,bytes=2=;byteHardLimit=3")); n.Of(HardBytes) != 3 || n.Of(HardCount) != None {
		t.Error(n)
	}
}
