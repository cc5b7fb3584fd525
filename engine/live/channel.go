package live

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

// channel is the work for the streams of one tenant. It goes on for as long as there is one.
type channel struct {
	hub    *Hub
	tenant store.Tenant
	woken  chan struct{}

	// Under the hub's mu; only run changes the two that follow.
	streams  map[*Stream]struct{}
	position int64 // events up to it were told
	revision int64
}

// end ends all streams; the hub's mu is held.
func (c *channel) end() {
	for s := range c.streams {
		s.end()
	}
}

// listening are the streams there are.
func (c *channel) listening() []*Stream {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	return c.streamsNow()
}

// streamsNow is listening for those who hold the lock.
func (c *channel) streamsNow() []*Stream {
	all := make([]*Stream, 0, len(c.streams))
	for s := range c.streams {
		all = append(all, s)
	}
	return all
}

// run looks at the tenant when it is woken, and every now and then, until nobody listens.
func (c *channel) run() {
	timer := time.NewTimer(c.hub.options.Poll)
	defer timer.Stop()
	for {
		select {
		case <-c.woken:
		case <-timer.C:
		}
		if len(c.listening()) == 0 {
			return
		}
		c.hub.turns <- struct{}{}
		err := c.look()
		<-c.hub.turns
		switch {
		case err == nil:
		case fault.Is(err, "tenant.not_found"), fault.Is(err, "catalog.not_installed"):
			c.hub.mu.Lock()
			c.end()
			c.hub.mu.Unlock()
		default:
			c.hub.options.Log.Error("reading what happens in a tenant", "tenant", c.tenant.Name(), "error", err)
		}
		time.Sleep(pause) // changes that follow each other quickly are told together
		timer.Reset(c.hub.options.Poll)
	}
}

// look tells what has happened since the last look.
func (c *channel) look() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("telling what happens panicked: %v\n%s", v, debug.Stack())
		}
	}()
	ctx, stop := context.WithTimeout(context.Background(), lookWithin)
	defer stop()
	snapshot, err := c.hub.options.Snapshots.Snapshot(ctx, c.tenant)
	if err != nil {
		return err
	}
	c.tellRevision(snapshot)
	if err := c.tellNotifications(ctx, snapshot); err != nil {
		return err
	}
	for {
		heads, err := outbox.Heads(ctx, c.tenant, c.position, maxBatch)
		if err != nil || len(heads) == 0 {
			return err
		}
		if len(heads) == maxBatch {
			if skipped, err := c.skip(ctx); skipped || err != nil {
				return err
			}
		}
		if err := c.tell(ctx, snapshot, heads); err != nil || len(heads) < maxBatch {
			return err
		}
	}
}

// tellRevision tells of a revision that is new.
func (c *channel) tellRevision(snapshot *catalog.Snapshot) {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	if c.revision == snapshot.Revision {
		return
	}
	c.revision = snapshot.Revision
	for s := range c.streams {
		s.tell(Event{Kind: Revision, Revision: snapshot.Revision})
	}
}

// usersAtOnce is for how many users one question asks.
const usersAtOnce = 500

// tellNotifications tells those whose notifications have changed how many they have not read.
func (c *channel) tellNotifications(ctx context.Context, snapshot *catalog.Snapshot) error {
	byUser := map[id.ID][]*Stream{}
	for _, s := range c.listening() {
		byUser[s.caller.User] = append(byUser[s.caller.User], s)
	}
	for users := range slices.Chunk(slices.Sorted(maps.Keys(byUser)), usersAtOnce) {
		changes, err := c.hub.options.Inboxes.Changes(ctx, c.tenant, users)
		if err != nil {
			return err
		}
		for user, n := range changes {
			for _, s := range byUser[user] {
				if s.inbox == n {
					continue
				}
				s.inbox = n
				unread, err := c.hub.options.Inboxes.Unread(ctx, c.tenant, snapshot, s.caller)
				if err != nil {
					return err
				}
				s.tell(Event{Kind: Notification, Unread: unread})
			}
		}
	}
	return nil
}

// skip leaves out what has happened if it is more than is told one by one, such as in an import.
func (c *channel) skip(ctx context.Context) (bool, error) {
	kept, err := outbox.Kept(ctx, c.tenant, c.position, maxBehind)
	if err != nil || kept {
		return false, err
	}
	end, err := outbox.End(ctx, c.tenant)
	if err != nil {
		return false, err
	}
	c.reset(c.advance(end), end)
	return true, nil
}

// advance notes up to where events are told, and returns the streams that have to be told of them.
// Whoever comes later begins behind them.
func (c *channel) advance(position int64) []*Stream {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	c.position = position
	return c.streamsNow()
}

// reset tells streams that events up to a position were left out.
func (c *channel) reset(streams []*Stream, position int64) {
	for _, s := range streams {
		s.tell(Event{Kind: Reset, Position: position})
	}
}

// tell tells every stream what its caller may see of some events.
func (c *channel) tell(ctx context.Context, snapshot *catalog.Snapshot, heads []outbox.Event) error {
	last := heads[len(heads)-1].Position
	streams := c.advance(last)
	streams = slices.DeleteFunc(streams, func(s *Stream) bool {
		changed := slices.ContainsFunc(heads, func(e outbox.Event) bool { return e.Object == auth.UserObject && e.Record == s.caller.User })
		if changed { // what its caller may read may be something else now
			s.end()
		}
		return changed
	})
	var callers []*policy.Caller
	places := map[*policy.Caller]int{}
	for _, s := range streams {
		if _, ok := places[s.caller]; !ok {
			places[s.caller] = len(callers)
			callers = append(callers, s.caller)
		}
	}
	told, err := c.hub.decide(ctx, c.tenant, snapshot, heads, callers)
	if err != nil {
		c.reset(streams, last)
		return err
	}
	for _, s := range streams {
		if events := told[places[s.caller]]; len(events) > 0 {
			s.tell(events...)
		}
	}
	return nil
}

// change is what was done to one record in some events.
type change struct {
	object   string
	record   id.ID
	position int64 // of the last of them
	made     bool
	aside    bool // one of them is of something that the version does not count
}

// changesOf brings together the events of each record, in the order of the last of each.
func changesOf(heads []outbox.Event) []change {
	var all []change
	for _, e := range heads {
		if e.Record == 0 || e.Action == string(record.Purged) { // what was in the bin was told as deleted
			continue
		}
		c := change{object: e.Object, record: e.Record, position: e.Position}
		switch record.Action(e.Action) {
		case record.Created, record.Restored:
			c.made = true
		case record.Updated, record.Deleted, record.Merged:
		default:
			c.aside = true
		}
		all = slices.DeleteFunc(all, func(before change) bool {
			same := before.object == c.object && before.record == c.record
			c.made = c.made || same && before.made
			c.aside = c.aside || same && before.aside
			return same
		})
		all = append(all, c)
	}
	return all
}

// decide finds what each of some callers is told of some events: of records that they may read
// as these are now or, of those in the recycle bin, were. It asks the store once or twice for each object.
func (h *Hub) decide(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, heads []outbox.Event, callers []*policy.Caller) ([][]Event, error) {
	changes := changesOf(heads)
	told := make([][]Event, len(callers))
	byObject := map[string]sighted{}
	for _, c := range changes {
		if _, ok := byObject[c.object]; ok || snapshot.Objects[c.object] == nil {
			continue
		}
		var err error
		if byObject[c.object], err = h.sight(ctx, t, snapshot, c.object, changes, callers); err != nil {
			return nil, err
		}
	}
	for _, c := range changes {
		seen := byObject[c.object]
		sight, ok := seen.records[c.record]
		if !ok {
			continue
		}
		e := Event{Kind: Record, Position: c.position, Object: c.object, Record: c.record, Version: sight.Version, Did: Changed, Aside: c.aside}
		switch {
		case sight.Binned:
			e.Did = Deleted
		case c.made:
			e.Did = Created
		}
		for i := range callers {
			if at := seen.policies[i]; at >= 0 && sight.By[at] {
				told[i] = append(told[i], e)
			}
		}
	}
	return told, nil
}

// sighted is which records of an object callers may read.
type sighted struct {
	records  map[id.ID]record.Sight
	policies []int // for each caller, the place of its policy in Sight.By; -1: reads none
}

// sight decides about the records of one object. Callers who may read all share one policy.
func (h *Hub) sight(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, object string, changes []change, callers []*policy.Caller) (sighted, error) {
	out := sighted{policies: make([]int, len(callers))}
	var policies []query.Filter
	all := -1 // the place of the policy of those who read every record
	for i, c := range callers {
		f, err := snapshot.Policies.Filter(ctx, c, object, policy.Read)
		if err != nil {
			return out, err
		}
		none, isAny := f.(query.Any)
		switch {
		case isAny && len(none) == 0:
			out.policies[i] = -1
			continue
		case f == nil && all >= 0:
			out.policies[i] = all
			continue
		case f == nil:
			all = len(policies)
		}
		out.policies[i] = len(policies)
		policies = append(policies, f)
	}
	if len(policies) == 0 {
		return out, nil
	}
	var records []id.ID
	for _, c := range changes {
		if c.object == object {
			records = append(records, c.record)
		}
	}
	var err error
	out.records, err = h.options.Records.Sights(ctx, t, snapshot, object, records, policies)
	if err != nil {
		return out, fmt.Errorf("deciding who may read records of %s: %w", object, err)
	}
	return out, nil
}
