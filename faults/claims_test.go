package faults

import "testing"

func TestClaims(t *testing.T) {
	var c Claims
	both, ok := c.Take("server 1", "server 2")
	if !ok {
		t.Fatal("nobody had them")
	}
	if _, ok := c.Take("server 3", "server 2"); ok {
		t.Error("server 2 was given twice")
	}
	third, ok := c.Take("server 3")
	if !ok {
		t.Error("server 3 is taken, although its taker got nothing")
	}
	both()
	both()
	if _, ok := c.Take("server 2"); !ok {
		t.Error("server 2 is taken after its release")
	}
	third()
}
