package mongo

import (
	"context"
	"math"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/store"
)

// Marks are kept in the registry, which each write asks anyway before it commits (see
// Tenant.confirm): so a write of a tenant that is marked already costs nothing more, and
// what is due in all tenants is found with one question.
//
// A write that reads a mark which is due early enough relies on it, and may commit later.
// So a mark is not taken away by the first who finds no work: it is made the last one, due
// when every write has ended that relied on it. Writes do not rely on a last mark but set
// it anew. Whoever then finds nothing either has seen all that relied on it.

const (
	// markDelay is how long others leave work to the process that made it, and a write has
	// between its mark and its commit before somebody looks in vain.
	markDelay = 5 * time.Second
	// settleAfter is longer than a write goes on after it asked the registry, and than the
	// clocks of processes may differ besides.
	settleAfter = commitTimeout + time.Minute
	never       = math.MaxInt64
)

// dueMark is a field of a document of the registry, by topic.
type dueMark struct {
	Due  int64 `bson:"due"`            // Unix milliseconds
	Last bool  `bson:"last,omitempty"` // no write relies on it
}

// markPath leads to a topic's mark in a document of the registry, or to a part of it.
func markPath(topic string, part ...string) string {
	return strings.Join(append([]string{"marks", field(topic)}, part...), ".")
}

// wanted are the marks that a write has to leave: when the work of each topic is due.
type wanted map[string]int64

// Mark implements store.Marker. Without transactions what is written next happens at once,
// so the mark is set at once too.
func (x *tx) Mark(ctx context.Context, topic string, at time.Time) error {
	if err := x.usable(ctx); err != nil {
		return err
	}
	due := at.Add(markDelay).UnixMilli()
	if before, noted := x.marks[topic]; noted && before <= due {
		return nil
	}
	if x.marks == nil {
		x.marks = wanted{}
	}
	x.marks[topic] = due
	if x.session == nil {
		return x.t.confirmMarked(ctx, wanted{topic: due})
	}
	return nil
}

// confirmMarked is confirm for a write that makes work: it sets the marks that are not
// there.
func (t *Tenant) confirmMarked(ctx context.Context, w wanted) error {
	l, err := t.listing(ctx)
	if err != nil {
		return err
	}
	sooner, relied := bson.D{}, bson.D{}
	for topic, due := range w {
		has, marked := l.Marks[field(topic)]
		if !marked || !has.Last && has.Due <= due {
			continue
		}
		sooner = append(sooner, bson.E{Key: markPath(topic, "due"), Value: due})
		relied = append(relied, bson.E{Key: markPath(topic, "last"), Value: false})
	}
	if len(sooner) == 0 {
		return nil
	}
	set, err := t.store.tenants.UpdateOne(ctx, t.listed(), bson.D{{Key: "$min", Value: sooner}, {Key: "$set", Value: relied}})
	if err == nil && set.MatchedCount == 0 {
		return t.isGone()
	}
	return failed("marking a tenant", err)
}

// Marks implements store.Store.
func (s *Store) Marks() store.Marks { return s }

// Take implements store.Marks.
func (s *Store) Take(ctx context.Context, topic string, limit int, again time.Duration) ([]store.Mark, error) {
	due := markPath(topic, "due")
	if err := s.indexMarks(ctx, topic, due); err != nil {
		return nil, err
	}
	now := s.now()
	cursor, err := s.tenants.Find(ctx, bson.D{
		{Key: "$or", Value: bson.A{bson.D{{Key: due, Value: bson.D{{Key: "$lte", Value: now.UnixMilli()}}}}, bson.D{{Key: due, Value: nil}}}},
		{Key: "deleting", Value: bson.D{{Key: "$ne", Value: true}}},
	}, options.Find().SetSort(bson.D{{Key: due, Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, failed("finding marked tenants", err)
	}
	var found []listing
	if err := cursor.All(ctx, &found); err != nil {
		return nil, failed("finding marked tenants", err)
	}
	var taken []store.Mark
	for _, l := range found {
		has, marked := l.Marks[field(topic)]
		m := store.Mark{Tenant: l.Name, Topic: topic, Due: now.Add(again).Truncate(time.Millisecond), Last: has.Last}
		from := bson.E{Key: due, Value: has.Due}
		if !marked {
			from.Value = nil
		}
		mine, err := s.moveMark(ctx, topic, l.Name, from, has.Last, dueMark{m.Due.UnixMilli(), m.Last})
		if err != nil {
			return taken, err
		}
		if mine {
			taken = append(taken, m)
		}
	}
	return taken, nil
}

// Settle implements store.Marks.
func (s *Store) Settle(ctx context.Context, m store.Mark, next time.Time) error {
	rest := s.now().Add(settleAfter)
	to := dueMark{Due: never, Last: true}
	switch {
	case !next.IsZero() && (m.Last || next.Before(rest)):
		to = dueMark{Due: next.UnixMilli()}
	case !m.Last:
		to.Due = rest.UnixMilli()
	}
	_, err := s.moveMark(ctx, m.Topic, m.Tenant, bson.E{Key: markPath(m.Topic, "due"), Value: m.Due.UnixMilli()}, m.Last, to)
	return err
}

// moveMark changes a mark if it still is as it was read.
func (s *Store) moveMark(ctx context.Context, topic, tenant string, due bson.E, last bool, to dueMark) (moved bool, err error) {
	is := bson.D{{Key: "_id", Value: tenant}, due, {Key: markPath(topic, "last"), Value: bson.D{{Key: "$ne", Value: !last}}}}
	result, err := s.tenants.UpdateOne(ctx, is, bson.D{{Key: "$set", Value: bson.D{{Key: markPath(topic), Value: to}}}})
	if err != nil {
		return false, failed("moving the mark of a tenant", err)
	}
	return result.MatchedCount > 0, nil
}

// indexMarks makes the index of a topic, once for each process.
func (s *Store) indexMarks(ctx context.Context, topic, due string) error {
	s.marking.Lock()
	defer s.marking.Unlock()
	if s.marked[topic] {
		return nil
	}
	_, err := s.tenants.Indexes().CreateOne(ctx, driver.IndexModel{
		Keys: bson.D{{Key: due, Value: 1}}, Options: options.Index().SetName(markPath(topic))}, s.building())
	if err != nil {
		return failed("making the index of marks", err)
	}
	s.marked[topic] = true
	return nil
}
