package api

import (
	"container/list"

	"formwork/engine/id"
)

// holdings are the connections on which somebody has logged in, by tenant and user. They are
// under the lock of their bounding.
type holdings map[string]map[id.ID]*holding

// holding is the connections of one user, each list in the order in which they were last
// used, the longest ago first.
type holding struct {
	idle *list.List // of places: no request of somebody who has logged in is under way
	busy *list.List
}

// of is the holding of a user.
func (h holdings) of(tenant string, user id.ID) *holding {
	users := h[tenant]
	if users == nil {
		users = map[id.ID]*holding{}
		h[tenant] = users
	}
	if users[user] == nil {
		users[user] = &holding{list.New(), list.New()}
	}
	return users[user]
}

// drop forgets a holding without connections.
func (h holdings) drop(tenant string, user id.ID) {
	users := h[tenant]
	if of := users[user]; of == nil || of.idle.Len()+of.busy.Len() > 0 {
		return
	}
	if delete(users, user); len(users) == 0 {
		delete(h, tenant)
	}
}

// yields is the place that makes room where all are taken, nil if none has to. It is that of the
// tenant with the most connections, and in it of the user with the most idle ones: the one
// that was used the longest ago. A request that is under way is ended only if the tenant
// has more than half of all connections, and no idle one.
func (h holdings) yields(all int) *place {
	var largest map[id.ID]*holding
	most := 0
	for _, users := range h {
		open := 0
		for _, of := range users {
			open += of.idle.Len() + of.busy.Len()
		}
		if open > most {
			largest, most = users, open
		}
	}
	idle := longest(largest, func(of *holding) *list.List { return of.idle })
	if idle == nil && most > all/2 {
		idle = longest(largest, func(of *holding) *list.List { return of.busy })
	}
	return idle
}

// longest is the first place of the longest of the users' lists; nil if they are empty.
func longest(users map[id.ID]*holding, which func(*holding) *list.List) *place {
	var found *list.List
	for _, of := range users {
		if l := which(of); l.Len() > 0 && (found == nil || l.Len() > found.Len()) {
			found = l
		}
	}
	if found == nil {
		return nil
	}
	return found.Front().Value.(*place)
}
