package evidence

import (
	"sync"
)

// memos are values that were made from a record, or from one of its keys, when they were first
// needed. They are safe for concurrent use.
type memos struct {
	mu sync.Mutex
	of []*memo
}

type memo struct {
	id    any
	once  sync.Once
	value any
}

// get returns the memo of an id, and adds one if there is none.
func (m *memos) get(id any) *memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, made := range m.of {
		if made.id == id {
			return made
		}
	}
	made := &memo{id: id}
	m.of = append(m.of, made)
	return made
}

// Forget drops the values that were derived from the key; they are derived again when needed. In a
// large record, the values of all keys take much memory, and each is needed only while its key is
// decided.
func (k *Key) Forget() {
	k.memos.mu.Lock()
	defer k.memos.mu.Unlock()
	k.memos.of = nil
}

// Once returns a function that makes something from a whole record at its first call, and returns
// the same value at later calls. It is safe for concurrent use.
func Once[T any](build func(*Record) T) func(*Record) T {
	id := new(byte)
	return func(a *Record) T {
		m := a.memos.get(id)
		m.once.Do(func() { m.value = build(a) })
		return m.value.(T)
	}
}

// OncePerKey is like Once, for each key.
func OncePerKey[T any](build func(*Key) T) func(*Key) T {
	id := new(byte)
	return func(k *Key) T {
		m := k.memos.get(id)
		m.once.Do(func() { m.value = build(k) })
		return m.value.(T)
	}
}
