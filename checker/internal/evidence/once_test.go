package evidence

import "testing"

// A value is computed once for each key, and again after the key has forgotten it.
func TestOncePerKey(t *testing.T) {
	made := 0
	of := OncePerKey(func(k *Key) string { made++; return k.Name })
	a, b := &Key{Name: "a"}, &Key{Name: "b"}
	if of(a)+of(b)+of(a) != "aba" || made != 2 {
		t.Errorf("made %d times", made)
	}
	a.Forget()
	if of(a)+of(b) != "ab" || made != 3 {
		t.Errorf("made %d times after one key forgot", made)
	}
}
