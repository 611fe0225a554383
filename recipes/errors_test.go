package recipes

import (
	"errors"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/calls"
	"github.com/zklab/zklab/recipes/internal/client"
)

func TestErrorTellsItsCauseAndEffect(t *testing.T) {
	r := calls.New(&client.Client{Options: client.Options{Failed: newError}}, "/a")
	err := r.Definite("lock", zk.ErrNoAuth)
	if !errors.Is(err, zk.ErrNoAuth) || err.Error() != "lock /a: zk: not authenticated" {
		t.Errorf("error: %v", err)
	}
	var e *Error
	if !errors.As(err, &e) || !e.NoEffect() || !errors.As(r.Indefinite("lock", err), &e) || e.NoEffect() {
		t.Error("wrong effect")
	}
}
