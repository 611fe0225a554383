package await_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab/internal/base/await"
)

var errPlanted = errors.New("planted")

// limited is a context that ends after a second, with a cause.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errPlanted)
	t.Cleanup(cancel)
	return ctx
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := await.Sleep(limited(t), 500*time.Millisecond); err != nil || time.Since(began) != 500*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		ended := limited(t)
		if err := await.Sleep(ended, time.Hour); err != errPlanted || time.Since(began) != 1500*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if err := await.Sleep(ended, 0); err != errPlanted {
			t.Errorf("%v of a context that has ended", err)
		}
	})
}

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := await.Within(limited(t), func() (int, error) { return 7, errors.ErrUnsupported })
		if got != 7 || err != errors.ErrUnsupported {
			t.Errorf("%d, %v", got, err)
		}
		finished := make(chan struct{})
		got, err = await.Within(limited(t), func() (int, error) {
			defer close(finished)
			time.Sleep(time.Minute)
			return 7, nil
		})
		if got != 0 || err != errPlanted {
			t.Errorf("late: %d, %v", got, err)
		}
		<-finished
		if err := await.Until(t.Context(), func() error { return errPlanted }); err != errPlanted {
			t.Errorf("%v", err)
		}
	})
}

func TestAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := await.All([]string{"a", "b", "c"}, func(i int, v string) error {
			time.Sleep(time.Duration(3-i) * time.Second)
			if v == "b" {
				return nil
			}
			return errors.New(v)
		})
		if time.Since(began) != 3*time.Second || err == nil || strings.Join(strings.Split(err.Error(), "\n"), " ") != "a c" {
			t.Errorf("%q after %s", err, time.Since(began))
		}
		if err := await.All[int](nil, nil); err != nil {
			t.Error(err)
		}
	})
}

// If all elements wait equally long, they end in their order.
func TestAllInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []int
		_ = await.All(make([]int, 8), func(i, _ int) error {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
			return nil
		})
		if !slices.IsSorted(order) || len(order) != 8 {
			t.Errorf("in the order %v", order)
		}
	})
}
