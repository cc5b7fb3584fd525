package api

import (
	"reflect"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/policy"
	"formwork/engine/printing"
	"formwork/engine/record"
	"formwork/engine/transfer"
	"formwork/metadata"
)

const (
	get    = fiber.MethodGet
	post   = fiber.MethodPost
	put    = fiber.MethodPut
	patch  = fiber.MethodPatch
	remove = fiber.MethodDelete
	ask    = fiber.MethodOptions
)

// route is one address and method. What stands here is all that the description of
// the API says of it: see openapi.go.
type route struct {
	method, path string
	do           func(*request) error
	name         string         // of the operation; Record is replaced by the object's name
	says         string         // for people
	takes        []parameterDoc // besides what is in the path
	access
	sends   body
	answers answer
}

// body is what a route's requests hold.
type body struct {
	of       reflect.Type // nil: nothing
	media    string
	optional bool
}

// answer is how a route answers when nothing goes wrong.
type answer struct {
	status int
	of     reflect.Type // nil: no JSON
	media  []string
}

// sends is a body of JSON.
func sends[T any]() body { return body{of: reflect.TypeFor[T](), media: fiber.MIMEApplicationJSON} }

// maySend is a body of JSON that may be left out.
func maySend[T any]() body {
	return body{of: reflect.TypeFor[T](), media: fiber.MIMEApplicationJSON, optional: true}
}

// uploads is multipart form data whose parts are the members of T.
func uploads[T any]() body { return body{of: reflect.TypeFor[T](), media: fiber.MIMEMultipartForm} }

// sendsFile is a body of contents.
func sendsFile(media string, optional bool) body {
	return body{of: reflect.TypeFor[File](), media: media, optional: optional}
}

// answers is 200 with JSON.
func answers[T any]() answer { return answersWith[T](fiber.StatusOK) }

// makes is 201 with what was made.
func makes[T any]() answer { return answersWith[T](fiber.StatusCreated) }

// begins is 202 with the work that has begun.
func begins[T any]() answer { return answersWith[T](fiber.StatusAccepted) }

func answersWith[T any](status int) answer {
	return answer{status, reflect.TypeFor[T](), []string{fiber.MIMEApplicationJSON}}
}

// answersText is 200 with something else than JSON, of one of some media types.
func answersText(media ...string) answer { return answer{fiber.StatusOK, nil, media} }

// answersFile is 200 with contents, of one of some media types.
func answersFile(media ...string) answer {
	return answer{fiber.StatusOK, reflect.TypeFor[File](), media}
}

var (
	nothing = body{}
	done    = answer{status: fiber.StatusNoContent}
)

// access says who may come in.
type access struct {
	open  bool   // nobody needs to be logged in
	right string // the system right that is needed
	slow  bool   // may take minutes
	flows bool   // contents of files: may take as long as bytes come or go
	page  bool   // for browsers: not part of the API and not described
	// streams: goes on beside what is asked once.
	streams bool
	partly  bool // a draft that is not right yet can be asked as far as it is
	asks    bool // nothing but a question, although something is sent: a draft can be looked at through it
	// uses reports whether a caller with these rights on an object can have any use of a
	// route of its records, for the description; the engine decides.
	uses func(policy.ObjectRights) bool
}

var (
	open      = access{open: true}
	page      = access{open: true, page: true}
	metaOps   = access{right: "manage_metadata", slow: true}
	configure = access{right: "manage_metadata"}
	setup     = access{right: "view_setup"}
	whys      = access{right: "view_setup", asks: true}
	setupOps  = access{right: "view_setup", slow: true}
	people    = access{right: "manage_users"}
	keyring   = access{right: "manage_keys"}
	exporting = access{right: "export", slow: true}
	importing = access{right: "import", slow: true}
	flowing   = access{flows: true}
	streaming = access{streams: true}
	mine      = access{} // everybody who is logged in; the engine decides

	// The same, for those who may do this with records of the object.
	reads   = access{uses: func(o policy.ObjectRights) bool { return o.Read }}
	creates = access{uses: func(o policy.ObjectRights) bool { return o.Create }}
	updates = access{uses: func(o policy.ObjectRights) bool { return o.Update }}
	printed = access{slow: true, uses: reads.uses}
	asked   = access{asks: true, uses: reads.uses}
	asking  = access{asks: true}
	trying  = access{asks: true, partly: true}
	forming = access{asks: true, uses: func(o policy.ObjectRights) bool { return o.Create || o.Update }}
	deletes = access{uses: func(o policy.ObjectRights) bool { return o.Delete }}
	merges  = access{uses: func(o policy.ObjectRights) bool { return o.Update && o.Delete }}
	writes  = access{uses: func(o policy.ObjectRights) bool { return o.Create || o.Update || o.Delete }}
)

// routes are all routes there are, those of most requests first.
func (s *Server) routes() []route {
	const v1 = Prefix
	return []route{
		{get, v1 + "/records/:object/:id", s.getRecord, "getRecord", "Reads a record.", selecting, reads, nothing, answers[NamedRecord]()},
		{get, v1 + "/records/:object", s.listRecords, "listRecords", "Lists records.", viewing, reads, nothing, answers[RecordPage]()},
		{post, v1 + "/records/:object", s.createRecord, "createRecord", "Creates a record.", none, creates, sends[NewRecord](), makes[SavedRecord]()},
		{patch, v1 + "/records/:object/:id", s.updateRecord, "updateRecord", "Changes a record by a merge patch; If-Match guards against lost updates.", guarded, updates, sends[RecordPatch](), answers[SavedRecord]()},
		{remove, v1 + "/records/:object/:id", s.deleteRecord, "deleteRecord", "Moves a record to the recycle bin.", guarded, deletes, nothing, done},
		{post, v1 + "/records/:object/bulk", s.bulk, "bulkRecords", "Creates, changes and deletes many records, with a result for each.", none, writes, sends[Bulk](), answers[BulkResult]()},
		{post, v1 + "/records/:object/form", s.form, "getRecordForm", "Shows what a record that is being written would be, and what stands in the way of saving it; saves nothing.", none, forming, sends[FormOf](), answers[Form]()},
		{post, v1 + "/records/:object/candidates", s.candidates, "listRecordCandidates", "Lists the records that may be chosen in a reference of a record that is being written.", none, forming, sends[CandidatesOf](), answers[RelatedPage]()},
		{post, v1 + "/records/:object/board", s.board, "getRecordBoard", "Shows a list in columns: counts, sums and first cards.", none, asked, sends[BoardOf](), answers[Board]()},
		{post, v1 + "/records/:object/aggregate", s.aggregate, "aggregateRecords", "Groups records and counts, sums, averages.", none, asked, sends[record.AggregateQuery](), answers[Groups]()},
		{post, v1 + "/records/:object/workflows", s.runWorkflowOnAll, "runWorkflowOnRecords", "Runs a workflow on several records, of those that people set off, with a result for each.", none, reads, sends[Pressing](), answers[Pressed]()},
		{get, v1 + "/records/:object/:id/page", s.openRecord, "getRecordPage", "Opens a record: all that its page shows, with the beginnings of its related lists.", opening, reads, nothing, answers[OpenRecord]()},
		{post, v1 + "/records/:object/:id/restore", s.restoreRecord, "restoreRecord", "Takes a record out of the recycle bin.", none, deletes, nothing, answers[SavedRecord]()},
		{get, v1 + "/records/:object/:id/history", s.history, "getRecordHistory", "Says who changed what, when and by what way.", paging, reads, nothing, answers[Page[HistoryEntry]]()},
		{get, v1 + "/records/:object/:id/related/:list", s.related, "listRelatedToRecord", "Lists the records of a related list.", listing, reads, nothing, answers[RelatedPage]()},
		{get, v1 + "/records/:object/:id/print/:template", s.printRecord, "printRecord", "Prints a document of a record, as a PDF with what the caller may read.", inLanguage, printed, nothing, answersFile(printing.Type)},
		{get, v1 + "/records/:object/:id/duplicates", s.duplicates, "findRecordDuplicates", "Finds records that are probably the same thing.", none, reads, nothing, answers[List[Match]]()},
		{post, v1 + "/records/:object/:id/merge", s.merge, "mergeRecords", "Makes one record of several; what refers to them is kept.", none, merges, sends[Merge](), answers[SavedRecord]()},
		{get, v1 + "/records/:object/:id/files", s.recordFiles, "listRecordFiles", "Lists the files that are attached to a record besides its fields.", none, reads, nothing, answers[List[FileInfo]]()},
		{post, v1 + "/records/:object/:id/files", s.attachFiles, "attachFilesToRecord", "Attaches uploads of one's own to a record.", none, updates, sends[Attachment](), answers[List[FileInfo]]()},
		{remove, v1 + "/records/:object/:id/files/:file", s.detachFile, "detachFileFromRecord", "Takes an attached file off a record.", none, updates, nothing, done},
		{get, v1 + "/records/:object/:id/comments", s.listComments, "listRecordComments", "Lists the comments on a record, newest first.", paging, reads, nothing, answers[CommentPage]()},
		{post, v1 + "/records/:object/:id/comments", s.writeComment, "commentOnRecord", "Writes a comment on a record, and notifies those whom it mentions.", none, reads, sends[CommentText](), makes[Comment]()},
		{patch, v1 + "/records/:object/:id/comments/:comment", s.editComment, "editRecordComment", "Changes a comment of one's own.", none, reads, sends[CommentText](), answers[Comment]()},
		{remove, v1 + "/records/:object/:id/comments/:comment", s.deleteComment, "deleteRecordComment", "Deletes a comment of one's own, or of a record that one may delete.", none, reads, nothing, done},
		{put, v1 + "/records/:object/:id/follow", s.follow, "followRecord", "Has oneself notified of changes of a record and of comments on it.", none, reads, nothing, done},
		{remove, v1 + "/records/:object/:id/follow", s.unfollow, "unfollowRecord", "Follows a record no more.", none, reads, nothing, done},
		{get, v1 + "/records/:object/:id/runs", s.recordRuns, "listRecordRuns", "Lists the runs of workflows on a record, newest first.", paging, reads, nothing, answers[Page[RecordRun]]()},
		{get, v1 + "/records/:object/:id/runs/:run", s.openRecordRun, "getRecordRun", "Shows a run of a workflow on a record: what its steps did, as far as the caller may read that.", none, reads, nothing, answers[OpenRun]()},
		{get, v1 + "/records/:object/:id/approvals", s.recordApprovals, "listRecordApprovals", "Lists what people were asked to decide about a record, newest first: at most 100.", none, reads, nothing, answers[List[Approval]]()},
		{post, v1 + "/records/:object/:id/workflows/:workflow", s.runWorkflow, "runWorkflowOnRecord", "Runs a workflow on a record, of those that its page offers.", pressOnce, reads, maySend[RunInputs](), answers[RecordRun]()},
		{post, v1 + "/records/:object/:id/workflows/:workflow/draft", s.draftMail, "draftMailOnRecord", "Drafts an e-mail from a template, for a workflow by which the caller may write one about a record, and sends nothing.", none, reads, sends[DraftOf](), answers[MailDraft]()},
		{get, v1 + "/bin/:object", s.bin, "listBin", "Lists the recycle bin, those deleted last first.", inBin, mine, nothing, answers[BinPage]()},
		{get, v1 + "/bin/:object/:id", s.binned, "getFromBin", "Says who deleted a record that is in the recycle bin, and when.", none, mine, nothing, answers[Binned]()},
		{remove, v1 + "/bin/:object/:id", s.purge, "purgeFromBin", "Removes a record from the recycle bin for good.", none, mine, nothing, done},
		{get, v1 + "/search", s.search, "search", "Finds records of all objects by words.", finding, mine, nothing, answers[List[Hit]]()},

		{get, v1 + "/events", s.listen, "listenToEvents", "Streams what happens to records that the caller may read, the number of unread notifications, and new revisions of the configuration, as server-sent events.", resuming, streaming, nothing, answersText(eventStream)},

		{ask, v1 + "/files", s.uploads, "getUploadOptions", "Says what may be asked of uploads (tus).", none, open, nothing, done},
		{post, v1 + "/files", s.startUpload, "uploadFile", "Uploads a file whole, or begins an upload that goes on after a break (tus).", uploading, flowing, sendsFile(fiber.MIMEOctetStream, true), makes[FileInfo]()},
		{patch, v1 + "/files/:id", s.appendUpload, "continueUpload", "Goes on with an upload (tus).", continuing, flowing, sendsFile(tusContents, false), done},
		{get, v1 + "/files/:id", s.download, "getFile", "Is the contents of a file, or a range of them; HEAD says how far an upload came (tus).", downloading, flowing, nothing, answersFile("*/*")},
		{remove, v1 + "/files/:id", s.deleteFile, "deleteFile", "Gives up an upload that no record has.", none, mine, nothing, done},
		{get, v1 + "/files/:id/info", s.fileInfo, "getFileInfo", "Says what is known of a file.", none, mine, nothing, answers[FileInfo]()},
		{get, v1 + "/files/:id/thumbnail", s.thumbnail, "getThumbnail", "Is a small picture of a picture.", shrinking, mine, nothing, answersFile("image/jpeg", "image/png")},

		{post, v1 + "/imports", s.startImport, "startImport", "Imports a CSV file or a workbook in the background: multipart form data with options, then the file.", onceOnly, importing, uploads[ImportForm](), begins[Import]()},
		{post, v1 + "/imports/preview", s.previewImport, "previewImport", "Says what is in a file and where its columns probably go, and keeps it for an import: multipart form data as of imports.", none, importing, uploads[ImportForm](), answers[ImportPreview]()},
		{get, v1 + "/imports", s.listImports, "listImports", "Lists imports, newest first: the caller's own, or all for who may see the setup.", ofImports, mine, nothing, answers[Page[Import]]()},
		{get, v1 + "/imports/:id", s.getImport, "getImport", "Shows an import and its progress.", none, mine, nothing, answers[Import]()},
		{get, v1 + "/imports/:id/errors", s.importErrors, "getImportErrors", "The refused rows with the reasons, as a file to correct and send again.", marking, mine, nothing, answersText("text/csv")},
		{get, v1 + "/exports/:object", s.exportRecords, "exportRecords", "Streams records as CSV, a workbook or JSON lines.", exported, exporting, nothing, answersText("text/csv", transfer.WorkbookType, "application/x-ndjson")},

		{post, v1 + "/auth/login", s.login, "login", "Logs in; answers with a token and sets a cookie.", none, open, sends[Login](), answers[LoggedIn]()},
		{post, v1 + "/auth/logout", s.logout, "logout", "Ends the session.", none, open, nothing, done},
		{get, v1 + "/session", s.session, "getSession", "Is all that the pages begin with: who is logged in, with their rights, the configuration as they may see it, and what they keep for themselves.", cached, mine, nothing, answers[Workspace]()},
		{get, v1 + "/me", s.me, "getMe", "Says who is logged in, with their rights.", none, mine, nothing, answers[Me]()},
		{patch, v1 + "/me", s.updateMe, "updateMe", "Changes one's own name, language or time zone.", none, mine, sends[Profile](), answers[Me]()},
		{put, v1 + "/me/password", s.changePassword, "changePassword", "Changes one's own password and ends all other sessions.", none, mine, sends[PasswordChange](), answers[LoggedIn]()},
		{get, v1 + "/me/sessions", s.mySessions, "listMySessions", "Lists one's own sessions.", none, mine, nothing, answers[List[Session]]()},
		{remove, v1 + "/me/sessions", s.endMySessions, "endMyOtherSessions", "Ends all of one's own sessions but this.", none, mine, nothing, done},
		{get, v1 + "/me/settings", s.settings, "getMySettings", "Is what the pages keep for the caller.", none, mine, nothing, answers[Settings]()},
		{patch, v1 + "/me/settings", s.patchSettings, "updateMySettings", "Changes that by a merge patch.", none, mine, sends[Settings](), answers[Settings]()},
		{get, v1 + "/me/favourites", s.favourites, "listMyFavourites", "Lists the records that the caller has marked, of those that they may read.", none, mine, nothing, answers[List[Favourite]]()},
		{put, v1 + "/me/favourites/:object/:id", s.addFavourite, "addMyFavourite", "Marks a record.", none, mine, nothing, done},
		{remove, v1 + "/me/favourites/:object/:id", s.removeFavourite, "removeMyFavourite", "Takes the mark off a record.", none, mine, nothing, done},
		{get, v1 + "/me/recent", s.recent, "listMyRecent", "Lists the records that the caller opened last, of those that they may read.", none, mine, nothing, answers[List[Visit]]()},
		{put, v1 + "/me/recent/:object/:id", s.addRecent, "addMyRecent", "Notes that the caller opened a record.", none, mine, nothing, done},
		{get, v1 + "/me/follows", s.listFollows, "listMyFollows", "Lists the records that one follows, those followed last first.", paging, mine, nothing, answers[Page[Follow]]()},
		{get, v1 + "/me/approvals", s.listApprovals, "listMyApprovals", "Lists what waits for the caller's decision, newest first: at most 100.", none, mine, nothing, answers[List[Approval]]()},
		{get, v1 + "/me/workflows/:object", s.myWorkflows, "listMyWorkflows", "Lists the workflows that the caller may set off on records of an object, where their conditions hold.", none, mine, nothing, answers[List[Button]]()},
		{get, v1 + "/me/notifications", s.listNotifications, "listMyNotifications", "Lists one's own notifications of records that one may read, newest first.", inState, mine, nothing, answers[Inbox]()},
		{post, v1 + "/me/notifications/read", s.readNotifications, "readMyNotifications", "Marks all of one's own notifications as read.", none, mine, sends[ReadNotifications](), done},
		{patch, v1 + "/me/notifications/:id", s.handleNotification, "handleMyNotification", "Marks a notification of one's own as read, as done, or to come again later.", none, mine, sends[NotificationPatch](), done},
		{get, v1 + "/views", s.views, "listSavedViews", "Lists the saved views of the caller and those that others share.", ofViews, mine, nothing, answers[List[SavedView]]()},
		{post, v1 + "/views", s.saveView, "saveView", "Saves a view, for oneself or for everybody.", none, mine, sends[NewView](), makes[SavedView]()},
		{patch, v1 + "/views/:id", s.changeView, "updateSavedView", "Changes a saved view by a merge patch; If-Match guards against lost updates.", guarded, mine, sends[ViewPatch](), answers[SavedView]()},
		{remove, v1 + "/views/:id", s.deleteView, "deleteSavedView", "Removes a saved view.", none, mine, nothing, done},
		{put, v1 + "/users/:id/password", s.setPassword, "setPassword", "Gives a user a password and ends their sessions.", unlessSet, people, sends[NewPassword](), done},
		{remove, v1 + "/users/:id/sessions", s.endSessions, "endSessions", "Ends a user's sessions.", none, people, nothing, done},
		{get, v1 + "/keys", s.listKeys, "listKeys", "Lists API keys.", none, keyring, nothing, answers[List[Key]]()},
		{post, v1 + "/keys", s.createKey, "createKey", "Makes an API key; its token is shown this once.", none, keyring, sends[NewKey](), makes[Key]()},
		{remove, v1 + "/keys/:id", s.revokeKey, "revokeKey", "Ends an API key.", none, keyring, nothing, done},

		{post, v1 + "/access/explain", s.explain, "explainAccess", "Says why a user may or may not do something, and what would change it.", none, whys, sends[Question](), answers[Explanation]()},

		{get, v1 + "/metadata", s.documents, "listDocuments", "Lists the configuration's documents.", documented, mine, nothing, answers[Documents]()},
		{post, v1 + "/metadata/plan", s.plan, "planChange", "Says what a change of the configuration would do, and does nothing.", none, metaOps, sends[catalog.Change](), answers[Plan]()},
		{post, v1 + "/metadata/apply", s.apply, "applyChange", "Changes the configuration.", none, metaOps, sends[catalog.Change](), answers[Applied]()},
		{get, v1 + "/metadata/revisions", s.revisions, "listRevisions", "Lists the revisions of the configuration, newest first.", paging, setup, nothing, answers[Page[Revision]]()},
		{get, v1 + "/metadata/diff", s.diff, "compareRevisions", "Compares two revisions.", compared, setup, nothing, answers[Difference]()},
		{post, v1 + "/metadata/rollback/plan", s.planRollback, "planRollback", "Says what going back to a revision would do, and does nothing.", none, metaOps, sends[catalog.Restoration](), answers[Plan]()},
		{post, v1 + "/metadata/rollback", s.rollback, "rollBack", "Goes back to a revision, as a new one.", none, metaOps, sends[catalog.Restoration](), answers[Applied]()},
		{get, v1 + "/drafts", s.listDrafts, "listDrafts", "Lists drafts of the configuration, those changed last first.", none, setup, nothing, answers[List[Draft]]()},
		{post, v1 + "/drafts", s.makeDraft, "makeDraft", "Begins a draft of the configuration.", none, configure, sends[DraftLabel](), makes[Draft]()},
		{get, v1 + "/drafts/:id", s.getDraft, "getDraft", "Says what a draft changes.", none, setup, nothing, answers[Draft]()},
		{patch, v1 + "/drafts/:id", s.renameDraft, "renameDraft", "Gives a draft another name.", none, configure, sends[DraftLabel](), answers[Draft]()},
		{remove, v1 + "/drafts/:id", s.discardDraft, "discardDraft", "Discards a draft.", none, configure, nothing, done},
		{get, v1 + "/drafts/:id/documents", s.draftedDocuments, "listDraftedDocuments", "Lists the documents of the configuration as a draft would have them, right or wrong.", ofKind, setup, nothing, answers[DraftedDocuments]()},
		{patch, v1 + "/drafts/:id/documents", s.patchAllDrafted, "patchDraftedDocuments", "Changes several documents in a draft by merge patches, makes or removes them: all or none.", none, configure, sends[DocumentPatches](), answers[Draft]()},
		{patch, v1 + "/drafts/:id/documents/:kind/:name", s.patchDrafted, "patchDraftedDocument", "Changes a document in a draft by a merge patch, or makes it.", none, configure, sends[DocumentPatch](), answers[Drafted]()},
		{put, v1 + "/drafts/:id/documents/:kind/:name", s.putDrafted, "putDraftedDocument", "Replaces a document in a draft, or makes it.", none, configure, sends[DocumentPatch](), answers[Drafted]()},
		{remove, v1 + "/drafts/:id/documents/:kind/:name", s.removeDrafted, "removeDraftedDocument", "Has a document be gone in a draft.", none, configure, nothing, answers[Draft]()},
		{post, v1 + "/drafts/:id/revert", s.revertDrafted, "revertDraftedDocument", "Has a document be again what it is without the draft.", none, configure, sends[metadata.Key](), answers[Draft]()},
		{post, v1 + "/drafts/:id/plan", s.planDraft, "planDraft", "Says what publishing a draft would do; does nothing.", none, metaOps, maySend[DraftPlanning](), answers[DraftPlan]()},
		{post, v1 + "/drafts/:id/people", s.draftPeople, "compareDraftAccess", "Says who would gain and lose access to what by publishing a draft; does nothing.", none, setupOps, nothing, answers[DraftPeople]()},
		{post, v1 + "/drafts/:id/rebase", s.rebaseDraft, "rebaseDraft", "Takes into a draft what was published since, deciding conflicts.", none, metaOps, maySend[DraftDecisions](), answers[Draft]()},
		{post, v1 + "/drafts/:id/publish", s.publishDraft, "publishDraft", "Publishes a draft as a new revision.", none, metaOps, maySend[DraftPublishing](), answers[Applied]()},
		{get, v1 + "/metadata/packages", s.packages, "listPackages", "Lists packages: the version that is installed, and the one that comes along with the server.", none, metaOps, nothing, answers[Packages]()},
		{post, v1 + "/metadata/packages/:name/plan", s.planUpgrade, "planUpgrade", "Says what an upgrade of a package would do, with its conflicts, and does nothing.", none, metaOps, maySend[PackageUpgrade](), answers[UpgradePlan]()},
		{post, v1 + "/metadata/packages/:name/upgrade", s.upgrade, "upgradePackage", "Upgrades a package, or installs it; every conflict must be decided.", none, metaOps, maySend[PackageUpgrade](), answers[Applied]()},
		{get, v1 + "/metadata/advice", s.advice, "listAdvice", "Lists what is read or sorted without an index that fits.", none, setup, nothing, answers[List[Advice]]()},
		{get, v1 + "/metadata/indexes", s.indexes, "listIndexes", "Lists the indexes of objects, why they are there and how they are used, and those that lists ask for.", none, setup, nothing, answers[Indexes]()},
		{get, v1 + "/metadata/:kind/:name", s.document, "getDocument", "Reads a document.", layered, mine, nothing, answers[Document]()},
		{patch, v1 + "/metadata/:kind/:name", s.patchDocument, "patchDocument", "Changes a document by a merge patch, such as a field that an object gets; POST /metadata/plan with merge says beforehand what that would do.", patching, metaOps, sends[DocumentPatch](), answers[Applied]()},
		{get, v1 + "/schemas/records/:object", s.recordSchema, "getRecordSchema", "Is the JSON Schema of an object's records.", none, mine, nothing, answers[JSONSchema]()},
		{get, v1 + "/schemas/functions", s.functions, "listFunctions", "Lists the functions of expressions, with what each gives.", none, mine, nothing, answers[List[FunctionHelp]]()},
		{post, v1 + "/expressions", s.tryExpression, "tryExpression", "Says what is wrong with an expression, or what it results in, of a record if one is given; changes nothing.", none, trying, sends[TriedExpression](), answers[ExpressionTried]()},
		{get, v1 + "/schemas/field-types", s.fieldTypes, "listFieldTypes", "Lists the types of fields, with what filters, lists and aggregations can do with their values.", none, mine, nothing, answers[List[FieldType]]()},
		{get, v1 + "/schemas/:kind", s.kindSchema, "getKindSchema", "Is the JSON Schema of a kind of documents, in the language of the caller.", none, mine, nothing, answers[JSONSchema]()},

		{get, v1 + "/jobs", s.listJobs, "listJobs", "Lists background work, newest first.", working, mine, nothing, answers[Page[Job]]()},
		{get, v1 + "/jobs/:id", s.getJob, "getJob", "Shows background work and its progress.", none, mine, nothing, answers[Job]()},
		{post, v1 + "/jobs/:id/cancel", s.cancelJob, "cancelJob", "Cancels background work.", none, mine, nothing, done},
		{post, v1 + "/jobs/:id/retry", s.retryJob, "retryJob", "Has failed background work go on.", none, mine, nothing, done},

		{get, v1 + "/runs", s.listRuns, "listRuns", "Lists the runs of workflows, newest first.", running, setup, nothing, answers[Page[ListedRun]]()},
		{get, v1 + "/runs/:id", s.getRun, "getRun", "Shows a run of a workflow: what its steps did.", none, setup, nothing, answers[Run]()},
		{post, v1 + "/runs/:id/cancel", s.cancelRun, "cancelRun", "Ends a run that waits.", none, metaOps, nothing, done},
		{post, v1 + "/runs/:id/retry", s.retryRun, "retryRun", "Has a run that failed or was cancelled go on with the step that failed.", none, metaOps, nothing, done},
		{post, v1 + "/runs/:id/replay", s.replayRun, "replayRun", "Plays a run that has ended again from what it found, and says whether it goes the same way; does nothing.", none, setupOps, nothing, answers[Replay]()},
		{post, v1 + "/workflows/:name/try", s.tryWorkflow, "tryWorkflow", "Says what a workflow would do with a record, and does nothing.", none, metaOps, sends[TryOn](), answers[Tried]()},

		{post, v1 + "/workflows/backtest", s.backtestWorkflow, "backtestWorkflow", "Says when a workflow would have been set off by the changes and the times of the last days, and what it would do; does nothing.", none, metaOps, sends[BacktestOf](), answers[Backtested]()},
		{get, v1 + "/workflows/:name/webhook", s.getWebhook, "getWebhook", "Says where outside systems set off a workflow, and whether its secret is there.", none, setup, nothing, answers[Webhook]()},
		{put, v1 + "/workflows/:name/webhook/secret", s.setWebhookSecret, "setWebhookSecret", "Keeps the secret that outside systems prove to know, in place of the one before; without one it makes one, which is shown this once.", none, keyring, maySend[WebhookSecret](), answers[WebhookSecret]()},
		{remove, v1 + "/workflows/:name/webhook/secret", s.removeWebhookSecret, "removeWebhookSecret", "Forgets the secret that outside systems prove to know: nothing they post is taken.", none, keyring, nothing, done},
		{post, v1 + "/webhooks/:tenant/:workflow", s.postToWorkflow, "postToWorkflow", "Sets off a workflow, for outside systems that prove to know its secret. The answer is what the workflow says, or the run with status 202.", proving, open, sends[Posted](), begins[Taken]()},

		{get, v1 + "/connections", s.listConnections, "listConnections", "Lists the outside systems that workflows speak with, and whether their secrets are there.", none, setup, nothing, answers[List[OutsideSystem]]()},
		{put, v1 + "/connections/:name/secret", s.setConnectionSecret, "setConnectionSecret", "Keeps the secret of a connection, in place of the one before. Nobody can read it.", none, keyring, sends[NewSecret](), done},
		{get, v1 + "/mailboxes", s.listMailboxes, "listMailboxes", "Lists the mailboxes.", none, setup, nothing, answers[List[Mailbox]]()},
		{get, v1 + "/mailboxes/:name/key", s.getMailKey, "getMailKey", "Tells what the DNS is to say of the key by which messages of a mailbox are signed (DKIM).", none, setup, nothing, answers[MailKey]()},
		{put, v1 + "/mailboxes/:name/key", s.makeMailKey, "makeMailKey", "Makes the key by which messages of a mailbox are signed, if there is none yet; those of a domain with one selector have one. Nobody can read its private part.", none, keyring, nothing, answers[MailKey]()},
		{post, v1 + "/mailboxes/:name/messages", s.receiveMail, "receiveMail", "Receives a message for a mailbox; one that was received before is not kept again.", none, importing, sendsFile(messageMedia, false), makes[ReceivedMail]()},
		{remove, v1 + "/connections/:name/secret", s.removeConnectionSecret, "removeConnectionSecret", "Forgets the secret of a connection.", none, keyring, nothing, done},

		{post, v1 + "/approvals/:id/decide", s.decide, "decideApproval", "Answers what the caller is asked to decide.", none, mine, sends[Decision](), answers[Approval]()},
		{post, v1 + "/approvals/:id/pass-on", s.passOn, "passOnApproval", "Has somebody else decide.", none, mine, sends[PassOn](), answers[Approval]()},
		{post, v1 + "/approvals/:id/recall", s.recall, "recallApproval", "Takes back what people were asked to decide; for who asked, and who may change the configuration.", none, mine, nothing, answers[Approval]()},
		{get, v1 + "/decisions/:tenant", s.getDecision, "getDecision", "Shows what somebody is asked to decide who followed a link that they were sent: for who has its token (Authorization: Bearer), without a login. It decides nothing.", none, open, nothing, answers[AskedDecision]()},
		{post, v1 + "/decisions/:tenant", s.decideByLink, "decideByLink", "Answers what somebody is asked who followed a link that they were sent; the link can't be used again.", none, open, sends[Decision](), done},
		{get, v1 + "/questions/:tenant", s.getQuestion, "getQuestion", "Shows what somebody outside is asked who followed a link that they were sent: for who has its token (Authorization: Bearer), without a login. It answers nothing.", none, open, nothing, answers[AskedQuestion]()},
		{post, v1 + "/questions/:tenant", s.answerQuestion, "answerQuestion", "Answers what somebody outside is asked who followed a link that they were sent; the link can't be used again.", none, open, sends[RunInputs](), done},
		{get, v1 + "/forms/:tenant/:form", s.getForm, "getForm", "Shows a form by which people without an account make records.", none, open, nothing, answers[PublicForm]()},
		{post, v1 + "/forms/:tenant/:form", s.sendForm, "sendForm", "Makes a record of what somebody outside has filled in: for who has the token of the form's proof (Authorization: Bearer), once.", none, open, sends[SentForm](), answers[TakenForm]()},
		{get, v1 + "/unsubscriptions/:tenant", s.getUnsubscription, "getUnsubscription", "Shows what somebody unsubscribes from who followed the link in an e-mail: for who has its token (Authorization: Bearer), without a login. It unsubscribes nobody.", none, open, nothing, answers[Unsubscription]()},
		{post, "/unsubscribe/:tenant", s.unsubscribe, "unsubscribe", "Has no more mail of its kind sent to whom a link was sent to: the List-Unsubscribe of that e-mail, as RFC 8058 says. Doing it again does nothing.", ofLink, open, body{of: reflect.TypeFor[OneClick](), media: fiber.MIMEApplicationForm, optional: true}, done},

		{get, v1 + "/openapi.json", s.openAPI, "getDescription", "Is this description, of what the caller may see.", cached, mine, nothing, answers[Description]()},
		{get, "/", s.showPage, "getPage", "Is the web application.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/o/*", s.showPage, "getPageOfObject", "Is the web application, at the address of a list or a record.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/inbox", s.showPage, "getPageOfInbox", "Is the web application, at what waits for somebody.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/decide", s.showPage, "getPageOfDecision", "Is the web application, at what somebody is asked who followed a link.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/ask", s.showPage, "getPageOfQuestion", "Is the web application, at what somebody outside is asked who followed a link.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/unsubscribe/:tenant", s.showPage, "getPageOfUnsubscribing", "Is the web application, at what somebody unsubscribes from who followed a link.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/f/:tenant/:form", s.showPage, "getPageOfForm", "Is the web application, at a form that people outside fill in.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/recent", s.showPage, "getPageOfRecent", "Is the web application, at what was opened lately.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/favourites", s.showPage, "getPageOfFavourites", "Is the web application, at the records that are marked.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/studio", s.showPage, "getPageOfStudio", "Is the web application, where the configuration is shaped.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/studio/*", s.showPage, "getPageInStudio", "Is the web application, at a part of the configuration.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/me", s.showPage, "getPageOfMe", "Is the web application, at one's own settings.", none, page, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/assets/:file", s.asset, "getAsset", "Is a file of the web application.", none, page, nothing, answersFile("*/*")},
		{get, "/sw.js", s.worker, "getWorker", "Is the service worker of the web application.", none, page, nothing, answersText("text/javascript")},
		{get, "/manifest/:file", s.manifest, "getManifest", "Is what a device is told that installs the web application, in a language.", none, page, nothing, answersText("application/manifest+json")},
		{get, "/api/docs", s.docs, "getDocs", "Is the documentation to read.", none, open, nothing, answersText(fiber.MIMETextHTML)},
		{get, "/healthz", s.healthy, "getHealth", "Answers while the process lives.", none, open, nothing, answers[Health]()},
		{get, "/readyz", s.ready, "getReadiness", "Answers 200 when requests can be served.", none, open, nothing, answers[Health]()},
		{get, "/metrics", s.showMetrics, "getMetrics", "Metrics in the Prometheus text format.", none, open, nothing, answersText(fiber.MIMETextPlain)},
	}
}
