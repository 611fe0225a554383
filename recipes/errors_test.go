package recipes

import (
	"errors"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
)

func TestErrorTellsItsCauseAndEffect(t *testing.T) {
	r := newRecipe(&client.Client{Options: client.Options{Failed: newError}}, "/a")
	err := r.definite("lock", zk.ErrNoAuth)
	if !errors.Is(err, zk.ErrNoAuth) || err.Error() != "lock /a: zk: not authenticated" {
		t.Errorf("error: %v", err)
	}
	var e *Error
	if !errors.As(err, &e) || !e.NoEffect() || !errors.As(r.indefinite("lock", err), &e) || e.NoEffect() {
		t.Error("wrong effect")
	}
}
