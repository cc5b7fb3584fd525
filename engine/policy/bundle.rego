# The policy of every tenant. Permission sets, roles, objects, sharing rules and the
# names of the tenant's own policies are data.config (see data.go); who asks and for
# what is input; input.record is unknown when a filter is compiled.
#
# Keys of input.record that are no fields of a record stand for conditions that this
# file knows by name only and that are put in when the result becomes a filter:
#   $owner, $role     the owner's id, and the role of the owner
#   when:<sharing>    the sharing rule's condition holds
#   match:<sharing>   the record's fields equal the user's, and none is empty
#   parent:<action>   the caller may do the action on the record's parent
package formwork

# What a permission set says about an object; by name goes before "*".
entry(set, object) := data.config.permissions[set].objects[object]

entry(set, object) := data.config.permissions[set].objects["*"] if {
	not data.config.permissions[set].objects[object]
}

# Rights apart from single records: the union over the caller's permission sets.

rights.system contains right if {
	some set in input.user.permissions
	some right in data.config.permissions[set].system
}

rights.objects[object] contains action if {
	some object, _ in data.config.objects
	some set in input.user.permissions
	some action in ["create", "read", "update", "delete"]
	entry(set, object)[action] == true
	not withheld(object, action)
}

# What makes a user able to do things is changed only by those who manage users; a user
# who is deleted, restored or merged into another is changed more than any.

rights.held[name] contains field if {
	some name, held in data.config.held
	some field in held.fields
	not manages_users
}

withheld(object, action) if {
	action in data.config.held[object].actions
	not manages_users
}

manages_users if {
	some set in input.user.permissions
	"manage_users" in data.config.permissions[set].system
}

# Fields. A set lets a field be edited only if it also lets records be created or
# updated; nothing is readable without the right to read the object. A set that says
# nothing about fields means all of them.

rights.every[name] contains level if {
	some name, _ in rights.objects
	some set in input.user.permissions
	grant := entry(set, name)
	not grant.fields
	level := capped(grant, "edit")
}

rights.fields[name][field] contains level if {
	some name, _ in rights.objects
	some set in input.user.permissions
	grant := entry(set, name)
	named := grant.fields
	some field in data.config.objects[name].fields
	level := capped(grant, object.get(named, field, object.get(named, "*", "none")))
}

capped(_, "masked") := "masked"

capped(_, "read") := "read"

capped(grant, "edit") := "edit" if writes(grant)

capped(grant, "edit") := "read" if not writes(grant)

writes(grant) if grant.create == true

writes(grant) if grant.update == true

# Records. The object right comes first, then any one way to reach the record; a
# tenant's own deny narrows all of them.

answer if {
	input.ask == "allow"
	allow
}

answer if {
	input.ask == "deny"
	some name in data.config.policies[input.object]
	data.formwork.custom[name].deny == true
}

# One way to reach records by itself, for explanations.
answer if {
	input.ask == "way"
	by(input.way)
}

answer if {
	input.ask == "sharing"
	some rule in data.config.sharing[input.object]
	rule.name == input.rule
	shared(rule)
}

# A rule of a tenant's policy: one that another one negates, or for explanations.
answer if {
	input.ask == "rule"
	data.formwork.custom[input.policy][input.rule] == true
}

allow if {
	granted
	unbound
}

allow if {
	granted
	not unbound
	reached
}

granted if {
	some set in input.user.permissions
	entry(set, input.object)[input.action] == true
	not withheld(input.object, input.action)
}

# Read-all and write-all pass by owners, roles, sharing and parents.

unbound if {
	input.action == "read"
	some set in input.user.permissions
	entry(set, input.object).read_all == true
}

unbound if {
	some set in input.user.permissions
	entry(set, input.object).write_all == true
}

by("all") if unbound

reached if {
	some way in ["visibility", "owner", "role", "parent"]
	by(way)
}

# The visibility that everybody has.

by("visibility") if {
	input.action == "read"
	data.config.objects[input.object].visibility in ["read", "write"]
}

by("visibility") if {
	input.action in ["create", "update"]
	data.config.objects[input.object].visibility == "write"
}

# Owners, and those whose role is above the owner's. A record is created only for
# oneself or for somebody below.

by("owner") if {
	data.config.objects[input.object].owned
	input.record["$owner"] == input.user.id
}

by("role") if {
	data.config.objects[input.object].owned
	data.config.objects[input.object].roles
	input.record["$role"] in data.config.roles[input.user.role].below
}

# The parent's record decides: who may change it may create, change and delete here.

by("parent") if {
	data.config.objects[input.object].parent
	input.action == "read"
	input.record["parent:read"] == true
}

by("parent") if {
	data.config.objects[input.object].parent
	input.action != "read"
	input.record["parent:update"] == true
}

# Sharing. It never lets anybody delete.

reached if {
	some rule in data.config.sharing[input.object]
	shared(rule)
}

shared(rule) if {
	opens[rule.access]
	holder(rule)
	applies(rule)
}

opens.read if input.action == "read"

opens.write if input.action in ["create", "read", "update"]

applies(rule) if not rule.when

applies(rule) if input.record[rule.when] == true

holder(rule) if named(rule)

holder(rule) if {
	not named(rule)
	input.record[rule.match] == true
}

named(rule) if rule.everyone

named(rule) if rule.roles[input.user.role]

named(rule) if {
	some name in input.user.permissions
	rule.permissions[name]
}

named(rule) if {
	some name in input.user.teams
	rule.teams[name]
}

# Which rules' expressions on the user hold was found out before.
named(rule) if rule.name in input.holds

# The tenant's own policies.

reached if {
	some name in data.config.policies[input.object]
	data.formwork.custom[name].allow == true
}
