package store

import (
	"context"
	"sync"
)

// Moment is the newest state of a store that somebody has seen, whichever processes they
// asked. What is read and written in its context sees that state or a later one, and a
// Write moves it on. It is handed on to other processes as a token, which only the store
// understands; a token that it can't use counts as none, since it may come from anybody.
//
// Within a process reads see what was acknowledged before without any of this. A store of
// one process never sets a token.
type Moment struct {
	mu    sync.Mutex
	token string
}

// maxMoment bounds a token, in bytes.
const maxMoment = 1024

type momentKey struct{}

// WithMoment is a context whose moment begins with a token; "" is the beginning of time.
func WithMoment(ctx context.Context, token string) (context.Context, *Moment) {
	m := &Moment{}
	if len(token) <= maxMoment {
		m.token = token
	}
	return context.WithValue(ctx, momentKey{}, m), m
}

// MomentOf is the moment of a context; nil if it has none.
func MomentOf(ctx context.Context) *Moment {
	m, _ := ctx.Value(momentKey{}).(*Moment)
	return m
}

// Token is what to hand on.
func (m *Moment) Token() string {
	if m == nil {
		return ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token
}

// Advance sets the token; stores call it.
func (m *Moment) Advance(token string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = token
}
