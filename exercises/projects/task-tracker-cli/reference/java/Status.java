import java.util.Optional;
import java.util.stream.Stream;

/** How far a task has come. */
enum Status {
    TODO("todo"),
    IN_PROGRESS("in-progress"),
    DONE("done");

    /** As it is typed, shown and stored. */
    private final String text;

    Status(String text) {
        this.text = text;
    }

    static Optional<Status> of(Object text) {
        return Stream.of(values()).filter(status -> status.text.equals(text)).findFirst();
    }

    @Override
    public String toString() {
        return text;
    }
}
