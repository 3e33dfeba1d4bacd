import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The tasks on disk, and whose turn it is to change them. */
final class TaskFile {
    /** Relative: the tasks belong to the directory in which the user types, not to the one that holds this program. */
    private static final Path PATH = Path.of("tasks.json");
    private static final Path DRAFT = Path.of("tasks.json.draft");
    /** Not the file of the tasks: that one is replaced, and a lock on what it was would keep out nobody. */
    private static final Path LOCK = Path.of(".tasks.lock");

    private static final long PATIENCE_MS = 10_000;

    private TaskFile() {}

    /**
     * The tasks; none if there is no file yet.
     *
     * @throws Refusal if there is a file that this program did not write like that. To take it for an empty list would
     *     mean to overwrite it at the next change.
     */
    static List<Task> read() {
        var tasks = new ArrayList<Task>();
        try {
            if (!(Json.parse(Files.readString(PATH, StandardCharsets.UTF_8)) instanceof List<?> elements)) {
                throw damaged("it holds no list");
            }
            for (var element : elements) {
                tasks.add(Task.fromJson(element).orElseThrow(() -> damaged("not all of its elements are tasks")));
            }
        } catch (NoSuchFileException e) {
            return tasks;
        } catch (CharacterCodingException e) {
            throw damaged("it is not UTF-8");
        } catch (Json.SyntaxException e) {
            throw damaged(e.getMessage());
        } catch (IOException e) {
            throw new Refusal("Can't read " + PATH, e);
        }
        return tasks;
    }

    /**
     * Reads, changes and writes the tasks while no other run of this program does. What was read before that could be
     * out of date by then.
     *
     * <p>The system ends the lock together with the process that holds it, however that ends. The file of the lock
     * stays: who removed it would let two runs lock two different files of the same name.
     */
    static <T> T change(Function<List<Task>, T> edit) {
        try (var channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
            while (channel.tryLock() == null) {
                if (System.nanoTime() > deadline) {
                    throw new Refusal("Other runs kept the tasks busy for " + PATIENCE_MS / 1000 + " seconds.");
                }
                Thread.sleep(10);
            }
            List<Task> tasks = read();
            T result = edit.apply(tasks);
            write(tasks);
            return result;
        } catch (IOException e) {
            throw new Refusal("Can't write " + PATH, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("Nobody interrupts the only thread", e);
        }
    }

    /**
     * Replaces the file as a whole. A rename is atomic: whoever opens the file, and whatever is left after a crash, is
     * either the old list or the new one. Only one run at a time may do this, because they share the draft's name.
     */
    private static void write(List<Task> tasks) throws IOException {
        String json = Json.write(tasks.stream().map(Task::toJson).toList()) + "\n";
        try (var draft = FileChannel.open(
                DRAFT, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (var bytes = StandardCharsets.UTF_8.encode(json); bytes.hasRemaining(); ) {
                draft.write(bytes);
            }
            draft.force(true);
        }
        Files.move(DRAFT, PATH, StandardCopyOption.ATOMIC_MOVE);
    }

    private static Refusal damaged(String reason) {
        return new Refusal(PATH + " is damaged or not a task list: " + reason
                + ". It was left as it is: repair it, or move it away.");
    }
}
