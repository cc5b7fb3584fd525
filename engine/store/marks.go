package store

import (
	"context"
	"time"
)

// A mark says that a tenant has background work of a topic from a time on. It is set by
// the Write that makes the work necessary and is kept before that commits. Processes that
// share a store find work by the marks that are due, wherever it came from and whoever
// died over it, and ask nothing of tenants in which there is none.
//
// A tenant that has never been marked for a topic counts as due.

// Marker sets marks.
type Marker interface {
	// Mark notes that the Write makes work of a topic that is to be done from a time on. It
	// costs nothing where a mark is there that is due by then. A Write that fails may leave
	// a mark, which whoever looks for the work settles. A topic begins with a letter. A
	// store without Marks keeps none.
	Mark(ctx context.Context, topic string, at time.Time) error
}

// Marks are those of all tenants of a store.
type Marks interface {
	// Take returns the marks of a topic that are due, that which is due for longest first,
	// at most limit. Each is put off by again, so that of several processes one gets it; it
	// looks for the work, and settles the mark if there is none. Who dies before leaves
	// the mark to the next.
	Take(ctx context.Context, topic string, limit int, again time.Duration) ([]Mark, error)
	// Settle says that after the mark was taken no work was found that is to be done before
	// next; zero: none at all. A Write that was under way by then may have relied on the
	// mark, so it may come due once more before next, as long after as a Write may take.
	// Where somebody took it, or set it anew, nothing is settled.
	Settle(ctx context.Context, m Mark, next time.Time) error
}

// Mark is a mark that was taken.
type Mark struct {
	Tenant string
	Topic  string
	Due    time.Time // when it is due again unless it is settled
	// Last says that it was settled before: no Write has relied on it since.
	Last bool
}
