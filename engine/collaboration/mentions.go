package collaboration

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"formwork/engine/auth"
	"formwork/engine/id"
)

// MaxMentions is how many users a comment mentions at most.
const MaxMentions = 50

// mentionForm is a mention of a user in a text: @[Name](user:ID). What counts is the id; the name is
// what whoever reads it may read, and is not kept.
var mentionForm = regexp.MustCompile(`@\[([^\[\]\n]{0,200})\]\(user:([0-9A-Za-z]{1,20})\)`)

// mentioned are the users whom a text mentions, each once, in order.
func mentioned(text string) (users []id.ID) {
	for _, found := range mentionForm.FindAllStringSubmatch(text, -1) {
		if user, ok := id.Parse(found[2]); ok && !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	return users
}

// brackets are left out of names in a mention, which they would end.
var brackets = strings.NewReplacer("[", "", "]", "", "\n", " ")

// withNames writes the names of users into a text: "" of those that are not called anything.
func withNames(text string, called map[id.ID]string) string {
	return rewritten(text, func(user id.ID) string {
		return "@[" + brackets.Replace(called[user]) + "](user:" + user.String() + ")"
	})
}

// plain is a text in which mentions are no more than names.
func plain(text string, called map[id.ID]string) string {
	return rewritten(text, func(user id.ID) string { return "@" + called[user] })
}

// rewritten writes each mention in a text in another way. What names no id is no mention.
func rewritten(text string, as func(user id.ID) string) string {
	return mentionForm.ReplaceAllStringFunc(text, func(found string) string {
		user, ok := id.Parse(mentionForm.FindStringSubmatch(found)[2])
		if !ok {
			return found
		}
		return as(user)
	})
}

// maxUsers bounds the users whose names one answer tells.
const maxUsers = 1000

// users tells what users are called, of those that the caller may read.
func (s *Session) users(ctx context.Context, users []id.ID) (map[id.ID]string, error) {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	if len(users) > 0 && users[0] == 0 {
		users = users[1:]
	}
	if len(users) == 0 {
		return nil, nil
	}
	names, err := s.records.NamesOf(ctx, map[string][]id.ID{auth.UserObject: users[:min(len(users), maxUsers)]})
	return names[auth.UserObject], err
}
