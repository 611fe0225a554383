package server

import "testing"

// TestCrowd: clients count as few when enough requests, each in a separate turn, came from a limited
// number of them, and no longer when a request of one more client comes.
func TestCrowd(t *testing.T) {
	var w crowd
	clients := make([]*conn, 2*fewClients)
	for i := range clients {
		clients[i] = &conn{}
	}
	turn := func(requests ...*conn) {
		w.last = nil
		for _, c := range requests {
			w.note(c)
		}
	}
	for i := range 2 * settled {
		turn(clients[i%fewClients])
	}
	if !w.few.Load() {
		t.Error("some clients are many")
	}
	turn(clients[fewClients])
	if w.few.Load() {
		t.Error("one more client is not noticed")
	}
	for i := range 10 * settled {
		if turn(clients[i%len(clients)]); w.few.Load() {
			t.Fatalf("many clients are few after %d requests", i)
		}
	}
	turn(clients[0])
	for range settled {
		turn(clients[0], clients[0], clients[0])
	}
	if !w.few.Load() {
		t.Error("one client is many")
	}
	turn(clients[1], clients[1], clients[1])
	for range settled - 2 {
		turn(clients[1], clients[1])
	}
	if w.few.Load() {
		t.Error("requests of one turn count as many")
	}
}
