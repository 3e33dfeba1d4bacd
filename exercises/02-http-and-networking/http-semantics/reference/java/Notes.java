import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/** All notes. Every method holds the lock from its check to its change, so that nobody comes between the two. */
final class Notes {
    private final Map<String, Note> notes = new HashMap<>();

    record Change(Optional<Note> before, Note after) {}

    synchronized Optional<Note> find(String id) {
        return Optional.ofNullable(notes.get(id));
    }

    synchronized List<Note> all() {
        return List.copyOf(notes.values());
    }

    /** Creates a note under an id that no note has, whatever ids clients chose for theirs. */
    synchronized Note add(Object value) {
        var id = UUID.randomUUID().toString();
        return notes.containsKey(id) ? add(value) : save(id, value);
    }

    /** Gives the note of this moment to {@code update} and stores what it returns; what it throws changes nothing. */
    synchronized Change change(String id, Function<Optional<Note>, Object> update) {
        var before = find(id);
        return new Change(before, save(id, update.apply(before)));
    }

    /** Removes the note unless {@code check} throws. */
    synchronized void remove(String id, Consumer<Optional<Note>> check) {
        check.accept(find(id));
        notes.remove(id);
    }

    private Note save(String id, Object value) {
        var note = Note.of(id, value);
        notes.put(id, note);
        return note;
    }
}
