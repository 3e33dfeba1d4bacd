import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What each method does to each URL. */
final class Api {
    private static final Pattern NOTE_PATH = Pattern.compile("/notes/([A-Za-z0-9_-]{1,64})");
    private static final String MERGE_PATCH = "application/merge-patch+json";

    private interface Handler extends BiFunction<Request, String, Reply> {}

    private final Notes notes = new Notes();
    private final Map<String, Handler> forCollection = new LinkedHashMap<>();
    private final Map<String, Handler> forNote = new LinkedHashMap<>();

    Api() {
        forCollection.put("GET", this::list);
        forCollection.put("HEAD", this::list);
        forCollection.put("POST", this::create);
        forNote.put("GET", this::read);
        forNote.put("HEAD", this::read);
        forNote.put("PUT", this::replace);
        forNote.put("PATCH", this::patch);
        forNote.put("DELETE", this::remove);
    }

    Reply answer(Request request) {
        var match = NOTE_PATH.matcher(request.path());
        var isNote = match.matches();
        if (!isNote && !request.path().equals("/notes")) {
            throw new Refusal(404, "Notes are under /notes.");
        }
        var handlers = isNote ? forNote : forCollection;
        var allow = String.join(", ", handlers.keySet()) + ", OPTIONS";
        var method = request.method();
        if (method.equals("OPTIONS")) {
            return Reply.empty(204, Map.of("Allow", allow));
        }
        if (!handlers.containsKey(method)) {
            throw new Refusal(405, "Use " + allow + ".", Map.of("Allow", allow));
        }
        if (!method.equals("DELETE") && !request.field("Accept").map(Negotiation::acceptsJson).orElse(true)) {
            throw new Refusal(406, "There is only JSON.");
        }
        return handlers.get(method).apply(request, isNote ? match.group(1) : "");
    }

    private Reply list(Request request, String id) {
        var texts = notes.all().stream().map(Note::text);
        return Reply.json(200, texts.collect(Collectors.joining(",", "[", "]")), Map.of());
    }

    private Reply create(Request request, String id) {
        expectType(request, "application/json", Map.of());
        var note = notes.add(request.json());
        return Reply.json(201, note.text(), Map.of("Location", "/notes/" + note.id(), "ETag", note.etag()));
    }

    private Reply read(Request request, String id) {
        var note = existing(notes.find(id));
        var etag = Map.of("ETag", note.etag());
        var known = request.field("If-None-Match").filter(field -> Negotiation.matchesWeakly(field, note.etag()));
        return known.isPresent() ? Reply.empty(304, etag) : Reply.json(200, note.text(), etag);
    }

    /** Answers without an ETag: what is stored is not byte for byte what the client sent (RFC 9110, 9.3.4). */
    private Reply replace(Request request, String id) {
        expectType(request, "application/json", Map.of());
        var value = request.json();
        var change = notes.change(id, before -> {
            checkPreconditions(request, before);
            return value;
        });
        return Reply.json(change.before().isPresent() ? 200 : 201, change.after().text(), Map.of());
    }

    private Reply patch(Request request, String id) {
        expectType(request, MERGE_PATCH, Map.of("Accept-Patch", MERGE_PATCH));
        var changes = request.json();
        var note = notes.change(id, before -> {
            var content = existing(before).content();
            checkPreconditions(request, before);
            return MergePatch.apply(content, changes);
        }).after();
        return Reply.json(200, note.text(), Map.of("ETag", note.etag()));
    }

    private Reply remove(Request request, String id) {
        notes.remove(id, note -> {
            existing(note);
            checkPreconditions(request, note);
        });
        return Reply.empty(204, Map.of());
    }

    private static Note existing(Optional<Note> note) {
        return note.orElseThrow(() -> new Refusal(404, "There is no such note."));
    }

    private static void expectType(Request request, String type, Map<String, String> headers) {
        if (!request.field("Content-Type").map(Negotiation::mediaType).equals(Optional.of(type))) {
            throw new Refusal(415, "Send " + type + ".", headers);
        }
    }

    private static void checkPreconditions(Request request, Optional<Note> note) {
        var etag = note.map(Note::etag);
        request.field("If-Match").ifPresent(wanted -> {
            if (etag.isEmpty() || !Negotiation.matchesStrongly(wanted, etag.get())) {
                throw new Refusal(412, "The note is not the one that If-Match names.");
            }
        });
        request.field("If-None-Match").ifPresent(unwanted -> {
            if (etag.isPresent() && Negotiation.matchesWeakly(unwanted, etag.get())) {
                throw new Refusal(412, "The note is one that If-None-Match excludes.");
            }
        });
    }
}
