<?xml version='1.0' encoding='utf-8'?>
<TS version="2.1" language="de" sourcelanguage="en">
  <context>
    <name>BatchDialog</name>
    <message>
      <source>Many photos</source>
      <translation>Viele Fotos</translation>
    </message>
    <message>
      <source>Photos</source>
      <translation>Fotos</translation>
    </message>
    <message>
      <source>A folder</source>
      <translation>Ein Ordner</translation>
    </message>
    <message>
      <source>Selections</source>
      <translation>Auswahlen</translation>
    </message>
    <message>
      <source>Masks or boxes</source>
      <translation>Masken oder Rahmen</translation>
    </message>
    <message>
      <source>A folder of masks named like the photos, or a CSV file: name, left, top, width, height</source>
      <translation>Ein Ordner mit Masken, die wie die Fotos heißen, oder eine CSV-Datei: name, left, top, width, height</translation>
    </message>
    <message>
      <source>Filled photos go to</source>
      <translation>Gefüllte Fotos nach</translation>
    </message>
    <message>
      <source>Caption</source>
      <translation>Beschreibung</translation>
    </message>
    <message>
      <source>Progress</source>
      <translation>Fortschritt</translation>
    </message>
    <message>
      <source>Report</source>
      <translation>Bericht</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
    <message>
      <source>Start</source>
      <translation>Start</translation>
    </message>
    <message>
      <source>Choose …</source>
      <translation>Wählen …</translation>
    </message>
    <message>
      <source>CSV …</source>
      <translation>CSV …</translation>
    </message>
    <message>
      <source>Mode: {mode}. Sliders and model are those of the window behind.</source>
      <translation>Modus: {mode}. Regler und Modell sind die des Fensters dahinter.</translation>
    </message>
    <message>
      <source>There is no folder {name}.</source>
      <translation>Es gibt keinen Ordner {name}.</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Anhalten</translation>
    </message>
    <message>
      <source>Camera raw is not written; what is filled becomes a TIFF with 16 bits.</source>
      <translation>Camera-Raw wird nicht geschrieben; was gefüllt ist, wird ein TIFF mit 16 Bit.</translation>
    </message>
    <message>
      <source>{format} is not written; what is filled becomes a JPEG, with transparency a PNG.</source>
      <translation>{format} wird nicht geschrieben; was gefüllt ist, wird ein JPEG, mit Transparenz ein PNG.</translation>
    </message>
    <message>
      <source>Stopped. Start goes on with the photos that are left.</source>
      <translation>Angehalten. Start macht mit den übrigen Fotos weiter.</translation>
    </message>
    <message>
      <source>nothing is selected there.</source>
      <translation>dort ist nichts ausgewählt.</translation>
    </message>
    <message>
      <source>there is no such photo.</source>
      <translation>dieses Foto gibt es nicht.</translation>
    </message>
    <message>
      <source>{made} of {all} photos were filled.</source>
      <translation>{made} von {all} Fotos wurden gefüllt.</translation>
    </message>
    <message>
      <source>Already in the folder and left as it was: {count}.</source>
      <translation>Schon im Ordner und so gelassen: {count}.</translation>
    </message>
    <message>
      <source>{names} and {count} more</source>
      <translation>{names} und {count} weitere</translation>
    </message>
  </context>
  <context>
    <name>BlendBox</name>
    <message>
      <source>Feather</source>
      <translation>Weiche Kante</translation>
    </message>
    <message>
      <source>Match colours</source>
      <translation>Farben angleichen</translation>
    </message>
    <message>
      <source>Strength</source>
      <translation>Stärke</translation>
    </message>
    <message>
      <source>Surroundings</source>
      <translation>Umgebung</translation>
    </message>
    <message>
      <source>How much of the surroundings the model sees</source>
      <translation>Wie viel von der Umgebung das Modell sieht</translation>
    </message>
    <message>
      <source>Follow words</source>
      <translation>Worttreue</translation>
    </message>
    <message>
      <source>How strongly the words count in a described fill</source>
      <translation>Wie stark die Wörter in einer beschriebenen Füllung zählen</translation>
    </message>
    <message>
      <source>Detail</source>
      <translation>Details</translation>
    </message>
    <message>
      <source>How much of the photo's texture a described fill carries</source>
      <translation>Wie viel von der Struktur des Fotos eine beschriebene Füllung trägt</translation>
    </message>
    <message>
      <source>automatic</source>
      <translation>automatisch</translation>
    </message>
    <message>
      <source>A recoloured thing keeps its own edge and light, so there is no seam to blend</source>
      <translation>Umgefärbtes behält seinen Rand und sein Licht; da ist keine Naht zu überblenden</translation>
    </message>
  </context>
  <context>
    <name>Canvas</name>
    <message>
      <source>Finding the object …</source>
      <translation>Das Objekt wird gesucht …</translation>
    </message>
    <message>
      <source>Before</source>
      <translation>Vorher</translation>
    </message>
    <message>
      <source>After</source>
      <translation>Nachher</translation>
    </message>
  </context>
  <context>
    <name>CaptionMenus</name>
    <message>
      <source>Captions used before</source>
      <translation>Frühere Beschreibungen</translation>
    </message>
    <message>
      <source>Presets</source>
      <translation>Vorlagen</translation>
    </message>
    <message>
      <source>No captions yet</source>
      <translation>Noch keine Beschreibungen</translation>
    </message>
    <message>
      <source>Clear blue sky</source>
      <translation>Klarer blauer Himmel</translation>
    </message>
    <message>
      <source>Cloudy sky</source>
      <translation>Bewölkter Himmel</translation>
    </message>
    <message>
      <source>Calm water</source>
      <translation>Ruhiges Wasser</translation>
    </message>
    <message>
      <source>Green grass</source>
      <translation>Grünes Gras</translation>
    </message>
    <message>
      <source>Stone wall</source>
      <translation>Steinmauer</translation>
    </message>
    <message>
      <source>Recolour, half as strong</source>
      <translation>Umfärben, halb so stark</translation>
    </message>
    <message>
      <source>Remove with a wide rim</source>
      <translation>Entfernen mit breitem Rand</translation>
    </message>
    <message>
      <source>Keep mode, words and settings …</source>
      <translation>Modus, Worte und Einstellungen behalten …</translation>
    </message>
    <message>
      <source>Drop</source>
      <translation>Verwerfen</translation>
    </message>
    <message>
      <source>Keep mode, words and settings</source>
      <translation>Modus, Worte und Einstellungen behalten</translation>
    </message>
    <message>
      <source>Name:</source>
      <translation>Name:</translation>
    </message>
  </context>
  <context>
    <name>CompareDialog</name>
    <message>
      <source>Several captions side by side</source>
      <translation>Mehrere Beschreibungen nebeneinander</translation>
    </message>
    <message>
      <source>One caption per line</source>
      <translation>Eine Beschreibung je Zeile</translation>
    </message>
    <message>
      <source>Captions</source>
      <translation>Beschreibungen</translation>
    </message>
    <message>
      <source>All are drawn from the same seed, so that only the words differ.</source>
      <translation>Alle mit demselben Startwert, damit sich nur die Worte unterscheiden.</translation>
    </message>
    <message>
      <source>Fill all</source>
      <translation>Alle füllen</translation>
    </message>
  </context>
  <context>
    <name>DescribeBox</name>
    <message>
      <source>Caption</source>
      <translation>Beschreibung</translation>
    </message>
    <message>
      <source>Filling</source>
      <translation>Füllung läuft</translation>
    </message>
    <message>
      <source>Live</source>
      <translation>Live</translation>
    </message>
    <message>
      <source>Fills follow the typing</source>
      <translation>Füllungen folgen dem Tippen</translation>
    </message>
    <message>
      <source>Several captions side by side</source>
      <translation>Mehrere Beschreibungen nebeneinander</translation>
    </message>
    <message>
      <source>Number of fills</source>
      <translation>Anzahl der Füllungen</translation>
    </message>
    <message>
      <source>Seed</source>
      <translation>Seed</translation>
    </message>
    <message>
      <source>The same number gives the same fills again; empty for any</source>
      <translation>Dieselbe Zahl gibt dieselben Füllungen wieder; leer für beliebige</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Füllen</translation>
    </message>
    <message>
      <source>Return</source>
      <translation>Eingabe</translation>
    </message>
    <message>
      <source>Nothing is selected.</source>
      <translation>Nichts ist ausgewählt.</translation>
    </message>
    <message>
      <source>Drag over the region to fill first.</source>
      <translation>Ziehen Sie zuerst über den Bereich, der gefüllt werden soll.</translation>
    </message>
    <message>
      <source>Shorten it to {most} characters.</source>
      <translation>Kürzen Sie sie auf {most} Zeichen.</translation>
    </message>
    <message>
      <source>The caption is too long.</source>
      <translation>Die Beschreibung ist zu lang.</translation>
    </message>
    <message>
      <source>This model cannot recolour.</source>
      <translation>Dieses Modell kann nicht umfärben.</translation>
    </message>
    <message>
      <source>Choose another model.</source>
      <translation>Wählen Sie ein anderes Modell.</translation>
    </message>
    <message>
      <source>The words name no colour.</source>
      <translation>Die Wörter nennen keine Farbe.</translation>
    </message>
    <message>
      <source>Name one: "a red bird", "dark green wings", or just "turquoise".</source>
      <translation>Nennen Sie eine, auf Englisch: „a red bird“, „dark green wings“ oder nur „turquoise“.</translation>
    </message>
    <message>
      <source>Recolour</source>
      <translation>Umfärben</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Entfernen</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Anhalten</translation>
    </message>
    <message>
      <source>What should be there? For example: a bird with a red belly</source>
      <translation>Was soll dort sein? Zum Beispiel: a bird with a red belly</translation>
    </message>
    <message>
      <source>Which colour? For example: a blue bird, dark green</source>
      <translation>Welche Farbe? Zum Beispiel: a blue bird, dark green</translation>
    </message>
    <message>
      <source>Nothing to type</source>
      <translation>Hier ist nichts zu schreiben</translation>
    </message>
    <message>
      <source>The photo is grey, and so are its fills.</source>
      <translation>Das Foto ist grau, und seine Füllungen sind es auch.</translation>
    </message>
  </context>
  <context>
    <name>Dialogs</name>
    <message>
      <source>Training is not installed.</source>
      <translation>Das Training ist nicht installiert.</translation>
    </message>
    <message>
      <source>It needs about 200 MB of disk space. The photos stay on this machine.</source>
      <translation>Es braucht etwa 200 MB Platz. Die Fotos bleiben auf diesem Rechner.</translation>
    </message>
    <message>
      <source>{name} needs an optional part of NIGDT.</source>
      <translation>{name} braucht ein Zusatzpaket von NIGDT.</translation>
    </message>
    <message>
      <source>It reads HEIC, JPEG XL and camera raw, and needs about 50 MB of disk space.</source>
      <translation>Es liest HEIC, JPEG XL und Kamera-Rohdaten und braucht etwa 50 MB Platz.</translation>
    </message>
    <message>
      <source>Install</source>
      <translation>Installieren</translation>
    </message>
    <message>
      <source>Install it</source>
      <translation>Installieren</translation>
    </message>
    <message>
      <source>Not now</source>
      <translation>Nicht jetzt</translation>
    </message>
    <message>
      <source>Forget all fills of all photos?</source>
      <translation>Alle Füllungen aller Fotos vergessen?</translation>
    </message>
    <message>
      <source>They are deleted from the disk; saved pictures and layers stay.</source>
      <translation>Sie werden von der Festplatte gelöscht; gespeicherte Bilder und Ebenen bleiben.</translation>
    </message>
    <message>
      <source>Keep them</source>
      <translation>Behalten</translation>
    </message>
    <message>
      <source>Forget</source>
      <translation>Vergessen</translation>
    </message>
    <message>
      <source>Describe a region of a photo, get it filled, on your own machine.</source>
      <translation>Einen Bereich eines Fotos beschreiben und füllen lassen, auf dem eigenen Rechner.</translation>
    </message>
    <message>
      <source>Diagnostics are on the clipboard.</source>
      <translation>Die Diagnose liegt in der Zwischenablage.</translation>
    </message>
    <message>
      <source>From {when}</source>
      <translation>Vom {when}</translation>
    </message>
    <message>
      <source>Unsaved work on {name} was found.</source>
      <translation>Nicht gespeicherte Arbeit an {name} gefunden.</translation>
    </message>
    <message>
      <source>Restore</source>
      <translation>Wiederherstellen</translation>
    </message>
    <message>
      <source>Many photos are still being filled. To do: {count}</source>
      <translation>Viele Fotos werden noch gefüllt. Offen: {count}</translation>
    </message>
    <message>
      <source>Those that are filled stay. Starting again goes on with the rest.</source>
      <translation>Gefüllte bleiben. Ein neuer Start macht mit den übrigen weiter.</translation>
    </message>
    <message>
      <source>Go on filling</source>
      <translation>Weiter füllen</translation>
    </message>
    <message>
      <source>Stop and close</source>
      <translation>Anhalten und schließen</translation>
    </message>
    <message>
      <source>Nothing is selected.</source>
      <translation>Es ist nichts ausgewählt.</translation>
    </message>
    <message>
      <source>Select the part to keep.</source>
      <translation>Wählen Sie den Teil aus, der bleiben soll.</translation>
    </message>
    <message>
      <source>This photo is grey and holds no colour.</source>
      <translation>Dieses Foto ist grau und kann keine Farbe aufnehmen.</translation>
    </message>
    <message>
      <source>As a colour photo it looks the same until something on it is recoloured.</source>
      <translation>Als Farbfoto sieht es gleich aus, bis etwas darauf umgefärbt wird.</translation>
    </message>
    <message>
      <source>Make it a colour photo</source>
      <translation>Zum Farbfoto machen</translation>
    </message>
    <message>
      <source>Leave it grey</source>
      <translation>Grau lassen</translation>
    </message>
  </context>
  <context>
    <name>DragLabel</name>
    <message>
      <source>Drag the picture from here into another program</source>
      <translation>Ziehen Sie das Bild von hier in ein anderes Programm</translation>
    </message>
    <message>
      <source>The picture is being written; hold on.</source>
      <translation>Das Bild wird geschrieben; halten Sie die Taste.</translation>
    </message>
  </context>
  <context>
    <name>ExportDialog</name>
    <message>
      <source>Export</source>
      <translation>Exportieren</translation>
    </message>
    <message>
      <source>Quality</source>
      <translation>Qualität</translation>
    </message>
    <message>
      <source>as it is</source>
      <translation>wie sie ist</translation>
    </message>
    <message>
      <source>Longer side at most</source>
      <translation>Längere Seite höchstens</translation>
    </message>
    <message>
      <source>JPEG, WebP, AVIF and PNG in 8 bits. EXIF and colour profile are kept.</source>
      <translation>JPEG, WebP, AVIF und PNG mit 8 Bit. EXIF und Farbprofil bleiben erhalten.</translation>
    </message>
    <message>
      <source>Export …</source>
      <translation>Exportieren …</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
    <message>
      <source>picture.png</source>
      <translation>bild.png</translation>
    </message>
    <message>
      <source>export</source>
      <translation>export</translation>
    </message>
    <message>
      <source>Pictures</source>
      <translation>Bilder</translation>
    </message>
  </context>
  <context>
    <name>ExtendDialog</name>
    <message>
      <source>Extend the canvas</source>
      <translation>Leinwand erweitern</translation>
    </message>
    <message>
      <source>Left</source>
      <translation>Links</translation>
    </message>
    <message>
      <source>Top</source>
      <translation>Oben</translation>
    </message>
    <message>
      <source>Right</source>
      <translation>Rechts</translation>
    </message>
    <message>
      <source>Bottom</source>
      <translation>Unten</translation>
    </message>
    <message>
      <source>The new border is filled with what continues the photo, as Remove does.</source>
      <translation>Der neue Rand wird mit der Fortsetzung des Fotos gefüllt, wie beim Entfernen.</translation>
    </message>
    <message>
      <source>Extend</source>
      <translation>Erweitern</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
  </context>
  <context>
    <name>Failures</name>
    <message>
      <source>This picture cannot be used.</source>
      <translation>Dieses Bild lässt sich nicht verwenden.</translation>
    </message>
    <message>
      <source>This file cannot be opened.</source>
      <translation>Diese Datei lässt sich nicht öffnen.</translation>
    </message>
    <message>
      <source>The picture cannot be saved.</source>
      <translation>Das Bild lässt sich nicht speichern.</translation>
    </message>
    <message>
      <source>The picture cannot be saved: the file or its folder is write-protected.</source>
      <translation>Das Bild lässt sich nicht speichern: Die Datei oder ihr Ordner ist schreibgeschützt.</translation>
    </message>
    <message>
      <source>Save it under another name or in another folder.</source>
      <translation>Speichern Sie es unter einem anderen Namen oder in einem anderen Ordner.</translation>
    </message>
    <message>
      <source>The picture cannot be saved: the disk is full.</source>
      <translation>Das Bild lässt sich nicht speichern: Die Festplatte ist voll.</translation>
    </message>
    <message>
      <source>Make room, or save it on another disk.</source>
      <translation>Schaffen Sie Platz oder speichern Sie es auf einer anderen Festplatte.</translation>
    </message>
    <message>
      <source>This model cannot be used.</source>
      <translation>Dieses Modell kann nicht benutzt werden.</translation>
    </message>
    <message>
      <source>Choose another model.</source>
      <translation>Wählen Sie ein anderes Modell.</translation>
    </message>
    <message>
      <source>This selection cannot be used.</source>
      <translation>Diese Auswahl kann nicht benutzt werden.</translation>
    </message>
    <message>
      <source>This caption cannot be used.</source>
      <translation>Diese Beschreibung kann nicht benutzt werden.</translation>
    </message>
    <message>
      <source>A file cannot be read or written.</source>
      <translation>Eine Datei kann nicht gelesen oder geschrieben werden.</translation>
    </message>
    <message>
      <source>This entry of the history is damaged.</source>
      <translation>Dieser Eintrag des Verlaufs ist beschädigt.</translation>
    </message>
    <message>
      <source>Forget it with the button below the list.</source>
      <translation>Vergessen Sie ihn mit dem Knopf unter der Liste.</translation>
    </message>
    <message>
      <source>This entry of the history is no longer there.</source>
      <translation>Diesen Eintrag des Verlaufs gibt es nicht mehr.</translation>
    </message>
    <message>
      <source>It was deleted, perhaps to make room for newer ones.</source>
      <translation>Er wurde gelöscht, vielleicht um Platz für neuere zu schaffen.</translation>
    </message>
    <message>
      <source>This entry belongs to a larger photo.</source>
      <translation>Dieser Eintrag gehört zu einem größeren Foto.</translation>
    </message>
    <message>
      <source>Open that photo first.</source>
      <translation>Öffnen Sie zuerst jenes Foto.</translation>
    </message>
    <message>
      <source>The layers of this file are opened as one picture.</source>
      <translation>Die Ebenen dieser Datei werden als ein Bild geöffnet.</translation>
    </message>
    <message>
      <source>They blend in ways that the panel does not know.</source>
      <translation>Sie mischen sich auf Arten, die das Panel nicht kennt.</translation>
    </message>
    <message>
      <source>These layers cannot be merged.</source>
      <translation>Diese Ebenen lassen sich nicht zusammenführen.</translation>
    </message>
    <message>
      <source>Fills make this photo opaque, and a recolouring leaves it transparent.</source>
      <translation>Füllungen machen dieses Foto deckend, eine Umfärbung lässt es durchsichtig.</translation>
    </message>
    <message>
      <source>Try again in {seconds} s.</source>
      <translation>Versuchen Sie es in {seconds} s erneut.</translation>
    </message>
    <message>
      <source>Try again.</source>
      <translation>Versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>This program and the NIGDT service are of different versions.</source>
      <translation>Dieses Programm und der NIGDT-Dienst haben verschiedene Versionen.</translation>
    </message>
    <message>
      <source>Run NIGDT's installer again.</source>
      <translation>Führen Sie das Installationsprogramm von NIGDT noch einmal aus.</translation>
    </message>
    <message>
      <source>NIGDT is busy with other fills.</source>
      <translation>NIGDT ist mit anderen Füllungen beschäftigt.</translation>
    </message>
    <message>
      <source>The NIGDT service does not answer.</source>
      <translation>Der NIGDT-Dienst antwortet nicht.</translation>
    </message>
    <message>
      <source>Close NIGDT's windows, wait a minute and try again.</source>
      <translation>Schließen Sie die Fenster von NIGDT, warten Sie eine Minute und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>The NIGDT service ended while it was needed.</source>
      <translation>Der NIGDT-Dienst endete, während er gebraucht wurde.</translation>
    </message>
    <message>
      <source>The fill was stopped.</source>
      <translation>Die Füllung wurde angehalten.</translation>
    </message>
    <message>
      <source>The model failed at this fill.</source>
      <translation>Das Modell ist an dieser Füllung gescheitert.</translation>
    </message>
    <message>
      <source>Try another region or caption.</source>
      <translation>Versuchen Sie es mit einem anderen Bereich oder einer anderen Beschreibung.</translation>
    </message>
    <message>
      <source>This fill is too large.</source>
      <translation>Diese Füllung ist zu groß.</translation>
    </message>
    <message>
      <source>Select a smaller region, or shorten the caption.</source>
      <translation>Wählen Sie einen kleineren Bereich aus, oder kürzen Sie die Beschreibung.</translation>
    </message>
    <message>
      <source>This model is not installed.</source>
      <translation>Dieses Modell ist nicht installiert.</translation>
    </message>
    <message>
      <source>This model is damaged.</source>
      <translation>Dieses Modell ist beschädigt.</translation>
    </message>
    <message>
      <source>Choose another model, or install this one again.</source>
      <translation>Wählen Sie ein anderes Modell, oder installieren Sie dieses neu.</translation>
    </message>
    <message>
      <source>The other machine does not allow this.</source>
      <translation>Der andere Rechner erlaubt das nicht.</translation>
    </message>
    <message>
      <source>The computer's memory does not suffice for this fill.</source>
      <translation>Der Arbeitsspeicher reicht für diese Füllung nicht.</translation>
    </message>
    <message>
      <source>Select a smaller region.</source>
      <translation>Wählen Sie einen kleineren Bereich aus.</translation>
    </message>
    <message>
      <source>The NIGDT service is not running.</source>
      <translation>Der NIGDT-Dienst läuft nicht.</translation>
    </message>
    <message>
      <source>Open the NIGDT panel on the machine where it runs, then try again.</source>
      <translation>Öffnen Sie das NIGDT-Fenster auf dem Rechner, auf dem er läuft, und versuchen Sie es dann erneut.</translation>
    </message>
    <message>
      <source>The NIGDT service cannot be started.</source>
      <translation>Der NIGDT-Dienst lässt sich nicht starten.</translation>
    </message>
    <message>
      <source>Others could read what leads to the NIGDT service.</source>
      <translation>Andere könnten lesen, was zum NIGDT-Dienst führt.</translation>
    </message>
    <message>
      <source>Take their rights to that folder away, then try again.</source>
      <translation>Entziehen Sie ihnen die Rechte an diesem Ordner, und versuchen Sie es erneut.</translation>
    </message>
    <message>
      <source>Something unexpected went wrong.</source>
      <translation>Etwas Unerwartetes ist schiefgegangen.</translation>
    </message>
  </context>
  <context>
    <name>FillStrip</name>
    <message>
      <source>Fill to come</source>
      <translation>Füllung in Arbeit</translation>
    </message>
    <message>
      <source>Fill {number}: {what}</source>
      <translation>Füllung {number}: {what}</translation>
    </message>
    <message>
      <source>average</source>
      <translation>Mittel</translation>
    </message>
    <message>
      <source>near {seed}</source>
      <translation>nahe {seed}</translation>
    </message>
    <message>
      <source>“{caption}”</source>
      <translation>„{caption}“</translation>
    </message>
    <message>
      <source>Removed, answer {number}</source>
      <translation>Entfernt, Antwort {number}</translation>
    </message>
    <message>
      <source>“{caption}”, seed {seed}</source>
      <translation>„{caption}“, Startwert {seed}</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Übernehmen</translation>
    </message>
    <message>
      <source>No longer a favourite</source>
      <translation>Kein Favorit mehr</translation>
    </message>
    <message>
      <source>Favourite</source>
      <translation>Favorit</translation>
    </message>
    <message>
      <source>More like this</source>
      <translation>Mehr davon</translation>
    </message>
    <message>
      <source>Try another in its place</source>
      <translation>Durch eine andere ersetzen</translation>
    </message>
    <message>
      <source>Words that drew it</source>
      <translation>Worte, die es gezeichnet haben</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Verwerfen</translation>
    </message>
  </context>
  <context>
    <name>GrowRow</name>
    <message>
      <source>Grow</source>
      <translation>Vergrößern</translation>
    </message>
    <message>
      <source>Moves the edge outwards, so that no rim of the object stays; used by the next fill</source>
      <translation>Schiebt den Rand nach außen, damit kein Saum des Gegenstands stehen bleibt; gilt ab der nächsten Füllung</translation>
    </message>
    <message>
      <source>automatic ({pixels} px)</source>
      <translation>automatisch ({pixels} px)</translation>
    </message>
  </context>
  <context>
    <name>Hints</name>
    <message>
      <source>Drag over what you want to change</source>
      <translation>Ziehen Sie über das, was geändert werden soll</translation>
    </message>
    <message>
      <source>Choose the fill you like and apply it</source>
      <translation>Wählen Sie eine Füllung und übernehmen Sie sie</translation>
    </message>
    <message>
      <source>Close the hints</source>
      <translation>Hinweise schließen</translation>
    </message>
    <message>
      <source>Say what should be there, on the right</source>
      <translation>Beschreiben Sie rechts, was dort sein soll</translation>
    </message>
    <message>
      <source>Name its new colour, on the right</source>
      <translation>Nennen Sie rechts die neue Farbe</translation>
    </message>
    <message>
      <source>Press Remove, on the right</source>
      <translation>Drücken Sie rechts auf Entfernen</translation>
    </message>
  </context>
  <context>
    <name>HistoryList</name>
    <message>
      <source>History</source>
      <translation>Verlauf</translation>
    </message>
    <message>
      <source>Forget this entry</source>
      <translation>Diesen Eintrag vergessen</translation>
    </message>
    <message numerus="yes">
      <source>%n fill(s)</source>
      <translation>
        <numerusform>%n Füllung</numerusform>
        <numerusform>%n Füllungen</numerusform>
      </translation>
    </message>
    <message>
      <source>Removed</source>
      <translation>Entfernt</translation>
    </message>
    <message>
      <source>{size} MB on disk</source>
      <translation>{size} MB auf der Platte</translation>
    </message>
    <message>
      <source>Fills of this photo appear here.</source>
      <translation>Hier erscheinen die Füllungen dieses Fotos.</translation>
    </message>
  </context>
  <context>
    <name>Hosted</name>
    <message>
      <source>There is nothing to hand over yet.</source>
      <translation>Es gibt noch nichts zu übergeben.</translation>
    </message>
    <message>
      <source>Fill the selection first.</source>
      <translation>Füllen Sie zuerst die Auswahl.</translation>
    </message>
    <message>
      <source>Hand over the fills first?</source>
      <translation>Die Füllungen zuerst übergeben?</translation>
    </message>
    <message>
      <source>The program that opened this window has not got them yet.</source>
      <translation>Das Programm, das dieses Fenster geöffnet hat, hat sie noch nicht bekommen.</translation>
    </message>
    <message>
      <source>Hand over</source>
      <translation>Übergeben</translation>
    </message>
    <message>
      <source>The program that opened this window no longer waits for the result.</source>
      <translation>Das Programm, das dieses Fenster geöffnet hat, wartet nicht mehr auf das Ergebnis.</translation>
    </message>
    <message>
      <source>You can go on here, and save what you make.</source>
      <translation>Sie können hier weiterarbeiten und speichern, was entsteht.</translation>
    </message>
    <message>
      <source>Save your fills, or they are lost when you close the window.</source>
      <translation>Speichern Sie Ihre Füllungen; sonst sind sie verloren, wenn Sie das Fenster schließen.</translation>
    </message>
    <message>
      <source>Save</source>
      <translation>Speichern</translation>
    </message>
    <message>
      <source>Later</source>
      <translation>Später</translation>
    </message>
  </context>
  <context>
    <name>InstallDialog</name>
    <message>
      <source>Installing …</source>
      <translation>Wird installiert …</translation>
    </message>
    <message>
      <source>Progress of the installation</source>
      <translation>Fortschritt der Installation</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
    <message>
      <source>It could not be installed.</source>
      <translation>Es ließ sich nicht installieren.</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
  </context>
  <context>
    <name>KeymapDialog</name>
    <message>
      <source>Change keys</source>
      <translation>Tasten ändern</translation>
    </message>
    <message>
      <source>Click a field and press the keys. Backspace empties it.</source>
      <translation>Klicken Sie in ein Feld und drücken Sie die Tasten. Die Rücktaste leert es.</translation>
    </message>
    <message>
      <source>Restore the defaults</source>
      <translation>Alle zurücksetzen</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
    <message>
      <source>{keys} is needed on the photo.</source>
      <translation>{keys} wird auf dem Foto gebraucht.</translation>
    </message>
    <message>
      <source>{keys} already belongs to “{action}”.</source>
      <translation>{keys} gehört schon zu „{action}“.</translation>
    </message>
  </context>
  <context>
    <name>KeysDialog</name>
    <message>
      <source>Keys and mouse</source>
      <translation>Tasten und Maus</translation>
    </message>
    <message>
      <source>Change …</source>
      <translation>Ändern …</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
    <message>
      <source>On the photo</source>
      <translation>Auf dem Foto</translation>
    </message>
    <message>
      <source>In the list of fills</source>
      <translation>In der Liste der Füllungen</translation>
    </message>
    <message>
      <source>Zoom at the pointer</source>
      <translation>Am Zeiger vergrößern</translation>
    </message>
    <message>
      <source>Wheel</source>
      <translation>Mausrad</translation>
    </message>
    <message>
      <source>Move the view</source>
      <translation>Ansicht verschieben</translation>
    </message>
    <message>
      <source>Space or middle button and drag</source>
      <translation>Leertaste oder mittlere Taste und ziehen</translation>
    </message>
    <message>
      <source>Add to the selection</source>
      <translation>Zur Auswahl hinzufügen</translation>
    </message>
    <message>
      <source>Shift and drag</source>
      <translation>Umschalt und ziehen</translation>
    </message>
    <message>
      <source>Take away from the selection</source>
      <translation>Von der Auswahl abziehen</translation>
    </message>
    <message>
      <source>Ctrl or Alt and drag</source>
      <translation>Strg oder Alt und ziehen</translation>
    </message>
    <message>
      <source>Keep what both select</source>
      <translation>Schnittmenge behalten</translation>
    </message>
    <message>
      <source>Shift, Ctrl and drag</source>
      <translation>Umschalt, Strg und ziehen</translation>
    </message>
    <message>
      <source>A straight line of the brush</source>
      <translation>Eine gerade Linie des Pinsels</translation>
    </message>
    <message>
      <source>Shift and click</source>
      <translation>Umschalt und Klick</translation>
    </message>
    <message>
      <source>Draw without a mouse</source>
      <translation>Ohne Maus zeichnen</translation>
    </message>
    <message>
      <source>Arrows, then Return to press and let go</source>
      <translation>Pfeiltasten, dann Eingabe zum Drücken und Loslassen</translation>
    </message>
    <message>
      <source>Compare with before</source>
      <translation>Mit vorher vergleichen</translation>
    </message>
    <message>
      <source>Hold the key left of 1</source>
      <translation>Taste links neben der 1 halten</translation>
    </message>
    <message>
      <source>Move the line between before and after</source>
      <translation>Die Linie zwischen vorher und nachher bewegen</translation>
    </message>
    <message>
      <source>Drag it, or Ctrl and left or right</source>
      <translation>Ziehen, oder Strg und links oder rechts</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Übernehmen</translation>
    </message>
    <message>
      <source>Return or double click</source>
      <translation>Eingabe oder Doppelklick</translation>
    </message>
    <message>
      <source>Favourite</source>
      <translation>Favorit</translation>
    </message>
    <message>
      <source>More like this</source>
      <translation>Mehr davon</translation>
    </message>
    <message>
      <source>Try another in its place</source>
      <translation>Durch eine andere ersetzen</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Verwerfen</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>Entf</translation>
    </message>
  </context>
  <context>
    <name>LayerList</name>
    <message>
      <source>Layers</source>
      <translation>Ebenen</translation>
    </message>
    <message>
      <source>Applied fills appear here.</source>
      <translation>Hier erscheinen übernommene Füllungen.</translation>
    </message>
    <message>
      <source>Opacity</source>
      <translation>Deckkraft</translation>
    </message>
    <message>
      <source>Edit the layer's mask with the brush</source>
      <translation>Maske der Ebene mit dem Pinsel bearbeiten</translation>
    </message>
    <message>
      <source>Move the layer up</source>
      <translation>Ebene nach oben</translation>
    </message>
    <message>
      <source>Move the layer down</source>
      <translation>Ebene nach unten</translation>
    </message>
    <message>
      <source>Duplicate the layer</source>
      <translation>Ebene duplizieren</translation>
    </message>
    <message>
      <source>Merge the visible layers</source>
      <translation>Sichtbare Ebenen vereinen</translation>
    </message>
    <message>
      <source>Remove the layer</source>
      <translation>Ebene entfernen</translation>
    </message>
    <message>
      <source>Removed</source>
      <translation>Entfernt</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Füllung</translation>
    </message>
    <message>
      <source>{caption}, model {model}</source>
      <translation>{caption}, Modell {model}</translation>
    </message>
    <message>
      <source>Select its region</source>
      <translation>Ihre Region auswählen</translation>
    </message>
    <message>
      <source>Fill again</source>
      <translation>Neu füllen</translation>
    </message>
    <message>
      <source>Edit its mask</source>
      <translation>Ihre Maske bearbeiten</translation>
    </message>
    <message>
      <source>Hide what is selected</source>
      <translation>Ausgewähltes ausblenden</translation>
    </message>
    <message>
      <source>Show all of it</source>
      <translation>Wieder ganz zeigen</translation>
    </message>
    <message>
      <source>Rename</source>
      <translation>Umbenennen</translation>
    </message>
    <message>
      <source>Duplicate</source>
      <translation>Duplizieren</translation>
    </message>
    <message>
      <source>Merge with the one below</source>
      <translation>Mit der darunter vereinen</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Entfernen</translation>
    </message>
  </context>
  <context>
    <name>Menus</name>
    <message>
      <source>&amp;File</source>
      <translation>&amp;Datei</translation>
    </message>
    <message>
      <source>Open …</source>
      <translation>Öffnen …</translation>
    </message>
    <message>
      <source>Recent</source>
      <translation>Zuletzt geöffnet</translation>
    </message>
    <message>
      <source>Paste as a new photo</source>
      <translation>Als neues Foto einfügen</translation>
    </message>
    <message>
      <source>Next photo in the folder</source>
      <translation>Nächstes Foto des Ordners</translation>
    </message>
    <message>
      <source>Previous photo in the folder</source>
      <translation>Voriges Foto des Ordners</translation>
    </message>
    <message>
      <source>Save</source>
      <translation>Speichern</translation>
    </message>
    <message>
      <source>Save as …</source>
      <translation>Speichern unter …</translation>
    </message>
    <message>
      <source>Many photos …</source>
      <translation>Viele Fotos …</translation>
    </message>
    <message>
      <source>Export …</source>
      <translation>Exportieren …</translation>
    </message>
    <message>
      <source>Note in saved files what was filled</source>
      <translation>In gespeicherten Dateien vermerken, was gefüllt wurde</translation>
    </message>
    <message>
      <source>Quit</source>
      <translation>Beenden</translation>
    </message>
    <message>
      <source>None yet</source>
      <translation>Noch keine</translation>
    </message>
    <message>
      <source>&amp;Edit</source>
      <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Rückgängig</translation>
    </message>
    <message>
      <source>Redo</source>
      <translation>Wiederholen</translation>
    </message>
    <message>
      <source>Copy what is seen</source>
      <translation>Kopieren, was zu sehen ist</translation>
    </message>
    <message>
      <source>Crop to the selection</source>
      <translation>Auf die Auswahl zuschneiden</translation>
    </message>
    <message>
      <source>Extend the canvas …</source>
      <translation>Leinwand erweitern …</translation>
    </message>
    <message>
      <source>Make it a colour photo</source>
      <translation>Zum Farbfoto machen</translation>
    </message>
    <message>
      <source>&amp;Select</source>
      <translation>&amp;Auswahl</translation>
    </message>
    <message>
      <source>Everything</source>
      <translation>Alles</translation>
    </message>
    <message>
      <source>Nothing</source>
      <translation>Nichts</translation>
    </message>
    <message>
      <source>Invert</source>
      <translation>Umkehren</translation>
    </message>
    <message>
      <source>Pixels:</source>
      <translation>Pixel:</translation>
    </message>
    <message>
      <source>Grow …</source>
      <translation>Vergrößern …</translation>
    </message>
    <message>
      <source>Shrink …</source>
      <translation>Verkleinern …</translation>
    </message>
    <message>
      <source>Feather …</source>
      <translation>Weiche Kante …</translation>
    </message>
    <message>
      <source>Pictures</source>
      <translation>Bilder</translation>
    </message>
    <message>
      <source>Load a selection</source>
      <translation>Auswahl laden</translation>
    </message>
    <message>
      <source>Save the selection</source>
      <translation>Auswahl speichern</translation>
    </message>
    <message>
      <source>Load …</source>
      <translation>Laden …</translation>
    </message>
    <message>
      <source>Save …</source>
      <translation>Speichern …</translation>
    </message>
    <message>
      <source>Tool</source>
      <translation>Werkzeug</translation>
    </message>
    <message>
      <source>Smaller brush</source>
      <translation>Kleinerer Pinsel</translation>
    </message>
    <message>
      <source>Larger brush</source>
      <translation>Größerer Pinsel</translation>
    </message>
    <message>
      <source>&amp;View</source>
      <translation>A&amp;nsicht</translation>
    </message>
    <message>
      <source>Fit</source>
      <translation>Einpassen</translation>
    </message>
    <message>
      <source>100 %</source>
      <translation>100 %</translation>
    </message>
    <message>
      <source>Zoom in</source>
      <translation>Vergrößern</translation>
    </message>
    <message>
      <source>Zoom out</source>
      <translation>Verkleinern</translation>
    </message>
    <message>
      <source>Zoom to the selection</source>
      <translation>Auf die Auswahl vergrößern</translation>
    </message>
    <message>
      <source>Before and after</source>
      <translation>Vorher und nachher</translation>
    </message>
    <message>
      <source>Loupe at 100 %</source>
      <translation>Lupe mit 100 %</translation>
    </message>
    <message>
      <source>Turn the view right</source>
      <translation>Ansicht nach rechts drehen</translation>
    </message>
    <message>
      <source>Turn the view left</source>
      <translation>Ansicht nach links drehen</translation>
    </message>
    <message>
      <source>Mirror the view</source>
      <translation>Ansicht spiegeln</translation>
    </message>
    <message>
      <source>Reset turn and mirror</source>
      <translation>Ansicht wie das Foto</translation>
    </message>
    <message>
      <source>Show the selection</source>
      <translation>Auswahl zeigen</translation>
    </message>
    <message>
      <source>Tint the selection</source>
      <translation>Auswahl einfärben</translation>
    </message>
    <message>
      <source>Show what the model sees and where it blends</source>
      <translation>Zeigen, was das Modell sieht und wo überblendet wird</translation>
    </message>
    <message>
      <source>Appearance</source>
      <translation>Erscheinungsbild</translation>
    </message>
    <message>
      <source>Same as the system</source>
      <translation>Wie das System</translation>
    </message>
    <message>
      <source>Light</source>
      <translation>Hell</translation>
    </message>
    <message>
      <source>Dark</source>
      <translation>Dunkel</translation>
    </message>
    <message>
      <source>F&amp;ill</source>
      <translation>F&amp;üllen</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Füllen</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Übernehmen</translation>
    </message>
    <message>
      <source>Several captions side by side …</source>
      <translation>Mehrere Beschreibungen nebeneinander …</translation>
    </message>
    <message>
      <source>Write the caption</source>
      <translation>Beschreibung schreiben</translation>
    </message>
    <message>
      <source>Choose a model …</source>
      <translation>Modell wählen …</translation>
    </message>
    <message>
      <source>Train on my photos …</source>
      <translation>Mit eigenen Fotos trainieren …</translation>
    </message>
    <message>
      <source>Forget the history</source>
      <translation>Verlauf vergessen</translation>
    </message>
    <message>
      <source>&amp;Help</source>
      <translation>&amp;Hilfe</translation>
    </message>
    <message>
      <source>Show the hints again</source>
      <translation>Hinweise wieder zeigen</translation>
    </message>
    <message>
      <source>Keys and mouse</source>
      <translation>Tasten und Maus</translation>
    </message>
    <message>
      <source>Change keys …</source>
      <translation>Tasten ändern …</translation>
    </message>
    <message>
      <source>Language</source>
      <translation>Sprache</translation>
    </message>
    <message>
      <source>Copy diagnostics</source>
      <translation>Diagnose kopieren</translation>
    </message>
    <message>
      <source>About NIGDT</source>
      <translation>Über NIGDT</translation>
    </message>
  </context>
  <context>
    <name>ModelCard</name>
    <message>
      <source>A fill by {title}</source>
      <translation>Eine Füllung von {title}</translation>
    </message>
    <message>
      <source>The sample photo, filled by this model</source>
      <translation>Das Beispielfoto, von diesem Modell gefüllt</translation>
    </message>
    <message>
      <source>{name}  ·  {size} px  ·  {words} words  ·  {megabytes} MB</source>
      <translation>{name}  ·  {size} px  ·  {words} Wörter  ·  {megabytes} MB</translation>
    </message>
    <message>
      <source>Came with the program</source>
      <translation>Mitgeliefert</translation>
    </message>
    <message>
      <source>Yours</source>
      <translation>Eigenes</translation>
    </message>
    <message>
      <source>Model card</source>
      <translation>Modellkarte</translation>
    </message>
    <message>
      <source>Model card of {title}</source>
      <translation>Modellkarte von {title}</translation>
    </message>
    <message>
      <source>Delete …</source>
      <translation>Löschen …</translation>
    </message>
    <message>
      <source>Delete {title}</source>
      <translation>{title} löschen</translation>
    </message>
  </context>
  <context>
    <name>ModelDialog</name>
    <message>
      <source>Models</source>
      <translation>Modelle</translation>
    </message>
    <message>
      <source>What a model has seen decides what it can draw.</source>
      <translation>Was ein Modell gesehen hat, bestimmt, was es zeichnen kann.</translation>
    </message>
    <message>
      <source>Train on my photos …</source>
      <translation>Mit eigenen Fotos trainieren …</translation>
    </message>
    <message>
      <source>Add a model …</source>
      <translation>Modell hinzufügen …</translation>
    </message>
    <message>
      <source>Done</source>
      <translation>Fertig</translation>
    </message>
    <message>
      <source>No model is installed. Add one, or train one.</source>
      <translation>Kein Modell ist installiert. Fügen Sie eines hinzu, oder trainieren Sie eines.</translation>
    </message>
    <message>
      <source>Left out: {reason}</source>
      <translation>Ausgelassen: {reason}</translation>
    </message>
    <message>
      <source>Add a model</source>
      <translation>Modell hinzufügen</translation>
    </message>
    <message>
      <source>Checking the model …</source>
      <translation>Das Modell wird geprüft …</translation>
    </message>
    <message>
      <source>The model was added. Choose it above.</source>
      <translation>Das Modell wurde hinzugefügt. Wählen Sie es oben aus.</translation>
    </message>
    <message>
      <source>The model was not added: {reason}</source>
      <translation>Das Modell wurde nicht hinzugefügt: {reason}</translation>
    </message>
    <message>
      <source>{name} was deleted.</source>
      <translation>{name} wurde gelöscht.</translation>
    </message>
    <message>
      <source>Delete the model {name}?</source>
      <translation>Das Modell {name} löschen?</translation>
    </message>
    <message>
      <source>Its files are deleted from the disk; fills that it made stay.</source>
      <translation>Seine Dateien werden von der Platte gelöscht; Füllungen von ihm bleiben.</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>Löschen</translation>
    </message>
    <message>
      <source>Process {pid} on {device}. Fills made: {fills}. Memory: {memory} MB.</source>
      <translation>Prozess {pid} auf {device}. Füllungen: {fills}. Speicher: {memory} MB.</translation>
    </message>
  </context>
  <context>
    <name>ModelText</name>
    <message>
      <source>This model has no card.</source>
      <translation>Dieses Modell hat keine Karte.</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
  </context>
  <context>
    <name>Modes</name>
    <message>
      <source>Describe</source>
      <translation>Beschreiben</translation>
    </message>
    <message>
      <source>Recolour</source>
      <translation>Umfärben</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Entfernen</translation>
    </message>
    <message>
      <source>Puts what you describe into the selection.</source>
      <translation>Setzt in die Auswahl, was Sie beschreiben.</translation>
    </message>
    <message>
      <source>Gives the selected thing another colour; light and texture stay.</source>
      <translation>Gibt dem Ausgewählten eine andere Farbe; Licht und Struktur bleiben.</translation>
    </message>
    <message>
      <source>Takes the selected thing away and goes on with what is around it.</source>
      <translation>Nimmt das Ausgewählte weg und setzt seine Umgebung fort.</translation>
    </message>
  </context>
  <context>
    <name>Notice</name>
    <message>
      <source>Close this message</source>
      <translation>Meldung schließen</translation>
    </message>
  </context>
  <context>
    <name>Notices</name>
    <message>
      <source>The model does not know: {0}.</source>
      <translation>Das Modell kennt nicht: {0}.</translation>
    </message>
    <message>
      <source>Without words, the region is filled with its surroundings.</source>
      <translation>Ohne Wörter wird der Bereich mit seiner Umgebung gefüllt.</translation>
    </message>
    <message>
      <source>The region is large: it is filled at {0} pixels and enlarged to {1}.</source>
      <translation>Der Bereich ist groß: Er wird mit {0} Pixeln gefüllt und auf {1} vergrößert.</translation>
    </message>
    <message>
      <source>Nothing in the photo could be continued into the region, so the model filled it.</source>
      <translation>Nichts im Foto ließ sich in den Bereich fortsetzen, darum hat das Modell ihn gefüllt.</translation>
    </message>
    <message>
      <source>What the words name is around the region already, so the photo was continued.</source>
      <translation>Was die Wörter nennen, umgibt den Bereich schon, darum wurde es aus dem Foto fortgesetzt.</translation>
    </message>
    <message>
      <source>The model draws nothing clear for these words, so nothing was added.</source>
      <translation>Das Modell zeichnet zu diesen Wörtern nichts Deutliches, darum wurde nichts hinzugefügt.</translation>
    </message>
    <message>
      <source>The photo shows the part that the words colour, so that part was coloured; other variants are drawn.</source>
      <translation>Das Foto zeigt, was die Wörter einfärben, also wurde dort die Farbe geändert; weitere Varianten werden gemalt.</translation>
    </message>
    <message>
      <source>The photo shows a bird there, so that bird was coloured; other variants are drawn anew.</source>
      <translation>Das Foto zeigt dort einen Vogel, also wurde er umgefärbt; weitere Varianten werden neu gemalt.</translation>
    </message>
    <message>
      <source>The model has no shape for these words, so the thing that the photo shows there was coloured.</source>
      <translation>Das Modell kennt zu diesen Wörtern keine Form, also wurde umgefärbt, was das Foto dort zeigt.</translation>
    </message>
    <message>
      <source>What the photo shows there has these colours already, so it was left as it is; other variants are drawn.</source>
      <translation>Was das Foto dort zeigt, hat diese Farben schon und blieb darum, wie es ist; weitere Varianten werden gemalt.</translation>
    </message>
    <message>
      <source>A new bird is drawn in place of the one in the photo: to keep that one in another colour, use Recolour.</source>
      <translation>An die Stelle des Vogels im Foto wird ein neuer gemalt: Um jenen in anderer Farbe zu behalten, wählen Sie „Umfärben“.</translation>
    </message>
    <message>
      <source>The model has no shape for these words, so nothing was added: select the thing's own shape, or try other variants.</source>
      <translation>Für diese Wörter hat das Modell keine Gestalt, darum kam nichts hinzu: Wählen Sie das Ding in seinem Umriss aus, oder probieren Sie weitere Varianten.</translation>
    </message>
    <message>
      <source>A part of the object seems to lie outside the selection: grow it by {0} pixels.</source>
      <translation>Ein Teil des Objekts scheint außerhalb der Auswahl zu liegen: Vergrößern Sie sie um {0} Pixel.</translation>
    </message>
    <message>
      <source>A part of the object lies outside the selection and keeps its colour: select it too.</source>
      <translation>Ein Teil des Objekts liegt außerhalb der Auswahl und behält seine Farbe: Wählen Sie ihn mit aus.</translation>
    </message>
    <message>
      <source>The colour goes on over parts of the object outside the selection: set Grow to 0 to keep it inside.</source>
      <translation>Auch Teile des Objekts außerhalb der Auswahl bekommen die Farbe: Mit Vergrößern auf 0 bleibt sie in der Auswahl.</translation>
    </message>
    <message>
      <source>Next to nothing changed: the selection shows no object, or one that has this colour already.</source>
      <translation>Fast nichts hat sich geändert: Die Auswahl zeigt kein Objekt oder eines, das diese Farbe schon hat.</translation>
    </message>
    <message>
      <source>The photo was grey; it is a colour photo now, to hold the new colour.</source>
      <translation>Das Foto war grau; mit einer Farbe darin ist es jetzt ein Farbfoto.</translation>
    </message>
    <message>
      <source>The model {0} has changed since this fill was made: {1} then, {2} now. The pixels differ.</source>
      <translation>Das Modell {0} hat sich geändert, seit diese Füllung gemacht wurde: damals {1}, jetzt {2}. Die Pixel weichen ab.</translation>
    </message>
    <message>
      <source>Damaged metadata of this photo is left out: {0}.</source>
      <translation>Beschädigte Metadaten dieses Fotos werden weggelassen: {0}.</translation>
    </message>
    <message>
      <source>This photo has {0} bits per channel and is opened with 8: convert it to a 16-bit TIFF first to keep them all.</source>
      <translation>Dieses Foto hat {0} Bit je Kanal und wird mit 8 geöffnet: Wandeln Sie es zuerst in ein 16-Bit-TIFF um, um alle zu behalten.</translation>
    </message>
    <message>
      <source>{0} has no place for some metadata of this photo: {1}.</source>
      <translation>{0} hat keinen Platz für einige Metadaten dieses Fotos: {1}.</translation>
    </message>
    <message>
      <source>The photo's own XMP leaves no room in a {0} file to record how it was filled: save it as {1} to keep that.</source>
      <translation>Die XMP-Daten des Fotos lassen in einer {0}-Datei keinen Platz für den Vermerk, wie es gefüllt wurde: als {1} gespeichert bleibt er erhalten.</translation>
    </message>
    <message>
      <source>The file holds more behind the photo, such as previews, a depth map or a film: the photo is saved without that.</source>
      <translation>Hinter dem Foto enthält die Datei noch mehr, etwa Vorschaubilder, eine Tiefenkarte oder einen Film: Gespeichert wird das Foto ohne das.</translation>
    </message>
    <message>
      <source>{0} had further names (hard links): they keep the picture as it was.</source>
      <translation>{0} hatte weitere Namen (harte Links): Sie behalten das Bild, wie es war.</translation>
    </message>
    <message>
      <source>Filled on the CPU, since the accelerator's memory ran out.</source>
      <translation>Auf der CPU gefüllt, weil der Speicher der Grafikkarte nicht reichte.</translation>
    </message>
    <message>
      <source>Filled on the CPU, since the accelerator failed.</source>
      <translation>Auf der CPU gefüllt, weil die Grafikkarte ausgefallen ist.</translation>
    </message>
    <message>
      <source>Memory ran out: fills are computed in passes of at most {0}.</source>
      <translation>Der Speicher reichte nicht: Füllungen werden in Durchgängen zu höchstens {0} berechnet.</translation>
    </message>
    <message>
      <source>The changed bundle {0} is broken; the old model stays in use.</source>
      <translation>Das geänderte Modell {0} ist beschädigt; das alte bleibt in Gebrauch.</translation>
    </message>
    <message>
      <source>Layer {0} cannot be read any more and is left out.</source>
      <translation>Ebene {0} ist nicht mehr lesbar und wird weggelassen.</translation>
    </message>
    <message>
      <source>The selection cannot be read any more.</source>
      <translation>Die Auswahl ist nicht mehr lesbar.</translation>
    </message>
    <message>
      <source>colour profile</source>
      <translation>Farbprofil</translation>
    </message>
    <message>
      <source>colour space</source>
      <translation>Farbraum</translation>
    </message>
    <message>
      <source>resolution</source>
      <translation>Auflösung</translation>
    </message>
    <message>
      <source>transparency</source>
      <translation>Transparenz</translation>
    </message>
    <message>
      <source>gamma</source>
      <translation>Gammawert</translation>
    </message>
    <message>
      <source>chromaticity</source>
      <translation>Farborte der Grundfarben</translation>
    </message>
    <message>
      <source>rendering intent</source>
      <translation>Wiedergabeabsicht</translation>
    </message>
    <message>
      <source>compression</source>
      <translation>Kompression</translation>
    </message>
    <message>
      <source>text</source>
      <translation>Text</translation>
    </message>
    <message>
      <source>animation</source>
      <translation>Animation</translation>
    </message>
    <message>
      <source>EXIF or XMP</source>
      <translation>EXIF oder XMP</translation>
    </message>
    <message>
      <source>Adobe's segment</source>
      <translation>Adobe-Segment</translation>
    </message>
    <message>
      <source>EXIF tag {0}</source>
      <translation>EXIF-Angabe {0}</translation>
    </message>
    <message>
      <source>chunk {0}</source>
      <translation>Block {0}</translation>
    </message>
    <message>
      <source>segment {0}</source>
      <translation>Segment {0}</translation>
    </message>
  </context>
  <context>
    <name>OptionBar</name>
    <message>
      <source>Click the object or drag a box; Shift adds, Ctrl takes away</source>
      <translation>Objekt anklicken oder Rahmen ziehen; Umschalt fügt hinzu, Strg nimmt weg</translation>
    </message>
    <message>
      <source>Shift and a click: a straight line. Ctrl erases</source>
      <translation>Umschalt und Klick: eine gerade Linie. Strg löscht</translation>
    </message>
    <message>
      <source>[ and ] change the size</source>
      <translation>[ und ] ändern die Größe</translation>
    </message>
    <message>
      <source>Paint over what is to go. Shift and a click: a straight line</source>
      <translation>Übermalen, was weg soll. Umschalt+Klick: gerade Linie</translation>
    </message>
    <message>
      <source>Drag to move, wheel to zoom</source>
      <translation>Ziehen verschiebt, Mausrad vergrößert</translation>
    </message>
    <message>
      <source>Draw around the region</source>
      <translation>Den Bereich umfahren</translation>
    </message>
    <message>
      <source>Click corners, double-click to close</source>
      <translation>Ecken anklicken, Doppelklick schließt ab</translation>
    </message>
    <message>
      <source>Hand over</source>
      <translation>Übergeben</translation>
    </message>
    <message>
      <source>Give the result back to the program that opened this window</source>
      <translation>Das Ergebnis an das Programm zurückgeben, das dieses Fenster geöffnet hat</translation>
    </message>
    <message>
      <source>New selection</source>
      <translation>Neue Auswahl</translation>
    </message>
    <message>
      <source>Add to the selection</source>
      <translation>Zur Auswahl hinzufügen</translation>
    </message>
    <message>
      <source>Take away from the selection</source>
      <translation>Von der Auswahl abziehen</translation>
    </message>
    <message>
      <source>Keep what both select</source>
      <translation>Schnittmenge behalten</translation>
    </message>
    <message>
      <source>Brush size</source>
      <translation>Pinselgröße</translation>
    </message>
    <message>
      <source>Size</source>
      <translation>Größe</translation>
    </message>
    <message>
      <source>Brush hardness</source>
      <translation>Pinselhärte</translation>
    </message>
    <message>
      <source>Hardness</source>
      <translation>Härte</translation>
    </message>
    <message>
      <source>Tolerance</source>
      <translation>Toleranz</translation>
    </message>
    <message>
      <source>Connected only</source>
      <translation>Benachbart</translation>
    </message>
  </context>
  <context>
    <name>PhotoFiles</name>
    <message>
      <source>Pictures</source>
      <translation>Bilder</translation>
    </message>
    <message>
      <source>Open a photo</source>
      <translation>Foto öffnen</translation>
    </message>
    <message>
      <source>There is no picture on the clipboard.</source>
      <translation>In der Zwischenablage ist kein Bild.</translation>
    </message>
    <message>
      <source>The fill that is shown is not applied.</source>
      <translation>Die gezeigte Füllung ist nicht übernommen.</translation>
    </message>
    <message>
      <source>Without being applied it is not part of the picture.</source>
      <translation>Solange sie nicht übernommen ist, gehört sie nicht zum Bild.</translation>
    </message>
    <message>
      <source>Apply and save</source>
      <translation>Übernehmen und speichern</translation>
    </message>
    <message>
      <source>Apply it</source>
      <translation>Übernehmen</translation>
    </message>
    <message>
      <source>Save without it</source>
      <translation>Ohne sie speichern</translation>
    </message>
    <message>
      <source>Go on without it</source>
      <translation>Ohne sie weiter</translation>
    </message>
    <message>
      <source>Do not save</source>
      <translation>Nicht speichern</translation>
    </message>
    <message>
      <source>picture.png</source>
      <translation>bild.png</translation>
    </message>
    <message>
      <source>filled</source>
      <translation>gefüllt</translation>
    </message>
    <message>
      <source>Project with layers, OpenRaster</source>
      <translation>Projekt mit Ebenen, OpenRaster</translation>
    </message>
    <message>
      <source>Save as</source>
      <translation>Speichern unter</translation>
    </message>
    <message>
      <source>This is the last photo here.</source>
      <translation>Dies ist das letzte Foto hier.</translation>
    </message>
    <message>
      <source>This is the first photo here.</source>
      <translation>Dies ist das erste Foto hier.</translation>
    </message>
    <message>
      <source>Photo</source>
      <translation>Foto</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Füllen</translation>
    </message>
    <message>
      <source>Save the changes first?</source>
      <translation>Änderungen vorher speichern?</translation>
    </message>
    <message>
      <source>The filled picture has not been saved.</source>
      <translation>Das gefüllte Bild ist noch nicht gespeichert.</translation>
    </message>
  </context>
  <context>
    <name>PictureDialog</name>
    <message>
      <source>Preview</source>
      <translation>Vorschau</translation>
    </message>
    <message>
      <source>No preview</source>
      <translation>Keine Vorschau</translation>
    </message>
    <message>
      <source>{size} MB</source>
      <translation>{size} MB</translation>
    </message>
  </context>
  <context>
    <name>RestHint</name>
    <message>
      <source>A part of the object may stay.</source>
      <translation>Ein Teil des Gegenstands bleibt vielleicht stehen.</translation>
    </message>
    <message>
      <source>Select it too</source>
      <translation>Auch auswählen</translation>
    </message>
  </context>
  <context>
    <name>Side</name>
    <message>
      <source>Layers</source>
      <translation>Ebenen</translation>
    </message>
    <message>
      <source>History</source>
      <translation>Verlauf</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Übernehmen</translation>
    </message>
    <message>
      <source>Fills</source>
      <translation>Füllungen</translation>
    </message>
    <message>
      <source>Favourite</source>
      <translation>Favorit</translation>
    </message>
    <message>
      <source>More like this</source>
      <translation>Mehr davon</translation>
    </message>
    <message>
      <source>Try another in its place</source>
      <translation>Durch eine andere ersetzen</translation>
    </message>
    <message>
      <source>Words that drew it</source>
      <translation>Worte, die es gezeichnet haben</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Verwerfen</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>Entf</translation>
    </message>
    <message>
      <source>Hold to see the picture before</source>
      <translation>Gedrückt halten zeigt das Bild vorher</translation>
    </message>
    <message>
      <source>Before and after</source>
      <translation>Vorher und nachher</translation>
    </message>
    <message>
      <source>no model</source>
      <translation>kein Modell</translation>
    </message>
    <message>
      <source>Applied</source>
      <translation>Übernommen</translation>
    </message>
    <message>
      <source>It is being filled …</source>
      <translation>Es wird gefüllt …</translation>
    </message>
    <message>
      <source>Press Return to remove it.</source>
      <translation>Mit der Eingabetaste wird es entfernt.</translation>
    </message>
    <message>
      <source>Select what is to go.</source>
      <translation>Wählen Sie aus, was weg soll.</translation>
    </message>
    <message>
      <source>Select the region to fill, then say what should be there.</source>
      <translation>Wählen Sie den Bereich aus und beschreiben Sie, was dort sein soll.</translation>
    </message>
    <message>
      <source>Select the thing to recolour, then name the colour.</source>
      <translation>Wählen Sie aus, was umgefärbt werden soll, und nennen Sie dann die Farbe.</translation>
    </message>
    <message>
      <source>Now say what should be there.</source>
      <translation>Beschreiben Sie nun, was dort sein soll.</translation>
    </message>
    <message>
      <source>Now name the colour.</source>
      <translation>Nennen Sie jetzt die Farbe.</translation>
    </message>
    <message>
      <source>A fill follows what you type.</source>
      <translation>Eine Füllung folgt dem, was Sie schreiben.</translation>
    </message>
    <message>
      <source>Press Return to fill the selection.</source>
      <translation>Eingabe füllt die Auswahl.</translation>
    </message>
  </context>
  <context>
    <name>StatusBar</name>
    <message>
      <source>Zoom</source>
      <translation>Vergrößerung</translation>
    </message>
    <message>
      <source>Fit</source>
      <translation>Einpassen</translation>
    </message>
    <message>
      <source>Show the photo as it is</source>
      <translation>Das Foto zeigen, wie es ist</translation>
    </message>
    <message>
      <source>mirrored</source>
      <translation>gespiegelt</translation>
    </message>
    <message>
      <source>turned by {degrees}°</source>
      <translation>um {degrees}° gedreht</translation>
    </message>
    <message>
      <source>View: {how}</source>
      <translation>Ansicht: {how}</translation>
    </message>
    <message>
      <source>Model not started</source>
      <translation>Modell nicht gestartet</translation>
    </message>
    <message>
      <source>Starting the model …</source>
      <translation>Modell wird gestartet …</translation>
    </message>
    <message>
      <source>Ready</source>
      <translation>Bereit</translation>
    </message>
    <message>
      <source>Not reachable, trying again</source>
      <translation>Nicht erreichbar, neuer Versuch läuft</translation>
    </message>
    <message>
      <source>Waiting for the model …</source>
      <translation>Warten auf das Modell …</translation>
    </message>
    <message numerus="yes">
      <source>%n waiting</source>
      <translation>
        <numerusform>%n wartet</numerusform>
        <numerusform>%n warten</numerusform>
      </translation>
    </message>
    <message>
      <source>{seconds} s per fill</source>
      <translation>{seconds} s je Füllung</translation>
    </message>
    <message>
      <source>Model: {state}</source>
      <translation>Modell: {state}</translation>
    </message>
    <message>
      <source>Details of the model and its process</source>
      <translation>Einzelheiten zu Modell und Prozess</translation>
    </message>
  </context>
  <context>
    <name>Steps</name>
    <message>
      <source>Object</source>
      <translation>Objekt</translation>
    </message>
    <message>
      <source>Select all</source>
      <translation>Alles auswählen</translation>
    </message>
    <message>
      <source>Deselect</source>
      <translation>Auswahl aufheben</translation>
    </message>
    <message>
      <source>Make it a colour photo</source>
      <translation>Zum Farbfoto machen</translation>
    </message>
    <message>
      <source>Invert</source>
      <translation>Umkehren</translation>
    </message>
    <message>
      <source>Grow</source>
      <translation>Vergrößern</translation>
    </message>
    <message>
      <source>Shrink</source>
      <translation>Verkleinern</translation>
    </message>
    <message>
      <source>Feather</source>
      <translation>Weiche Kante</translation>
    </message>
    <message>
      <source>Load selection</source>
      <translation>Auswahl laden</translation>
    </message>
    <message>
      <source>Selection from history</source>
      <translation>Auswahl aus dem Verlauf</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Füllung</translation>
    </message>
    <message>
      <source>Show layer</source>
      <translation>Ebene einblenden</translation>
    </message>
    <message>
      <source>Hide layer</source>
      <translation>Ebene ausblenden</translation>
    </message>
    <message>
      <source>Remove layer</source>
      <translation>Ebene entfernen</translation>
    </message>
    <message>
      <source>Rename layer</source>
      <translation>Ebene umbenennen</translation>
    </message>
    <message>
      <source>Layer opacity</source>
      <translation>Deckkraft der Ebene</translation>
    </message>
    <message>
      <source>Duplicate layer</source>
      <translation>Ebene duplizieren</translation>
    </message>
    <message>
      <source>Move layer</source>
      <translation>Ebene verschieben</translation>
    </message>
    <message>
      <source>Merge layers</source>
      <translation>Ebenen vereinen</translation>
    </message>
    <message>
      <source>Layer mask</source>
      <translation>Ebenenmaske</translation>
    </message>
    <message>
      <source>Selection from layer</source>
      <translation>Auswahl aus der Ebene</translation>
    </message>
    <message>
      <source>Discard fills</source>
      <translation>Füllungen verwerfen</translation>
    </message>
    <message>
      <source>Crop</source>
      <translation>Zuschneiden</translation>
    </message>
    <message>
      <source>Extend the canvas</source>
      <translation>Leinwand erweitern</translation>
    </message>
    <message>
      <source>Brush</source>
      <translation>Pinsel</translation>
    </message>
    <message>
      <source>Eraser</source>
      <translation>Radierer</translation>
    </message>
    <message>
      <source>Heal</source>
      <translation>Ausbessern</translation>
    </message>
    <message>
      <source>Rectangle</source>
      <translation>Rechteck</translation>
    </message>
    <message>
      <source>Ellipse</source>
      <translation>Ellipse</translation>
    </message>
    <message>
      <source>Lasso</source>
      <translation>Lasso</translation>
    </message>
    <message>
      <source>Polygon</source>
      <translation>Vieleck</translation>
    </message>
    <message>
      <source>Similar colour</source>
      <translation>Ähnliche Farbe</translation>
    </message>
  </context>
  <context>
    <name>ToolColumn</name>
    <message>
      <source>Object</source>
      <translation>Objekt</translation>
    </message>
    <message>
      <source>Brush</source>
      <translation>Pinsel</translation>
    </message>
    <message>
      <source>Eraser</source>
      <translation>Radierer</translation>
    </message>
    <message>
      <source>Heal</source>
      <translation>Ausbessern</translation>
    </message>
    <message>
      <source>Rectangle</source>
      <translation>Rechteck</translation>
    </message>
    <message>
      <source>Ellipse</source>
      <translation>Ellipse</translation>
    </message>
    <message>
      <source>Move the view</source>
      <translation>Ansicht verschieben</translation>
    </message>
    <message>
      <source>Lasso</source>
      <translation>Lasso</translation>
    </message>
    <message>
      <source>Polygon</source>
      <translation>Vieleck</translation>
    </message>
    <message>
      <source>Similar colour</source>
      <translation>Ähnliche Farbe</translation>
    </message>
  </context>
  <context>
    <name>TrainDialog</name>
    <message>
      <source>Train on my photos</source>
      <translation>Mit eigenen Fotos trainieren</translation>
    </message>
    <message>
      <source>Give a folder of photos with captions: beside each photo a text file of the same name, one caption per line.</source>
      <translation>Wählen Sie einen Ordner mit beschriebenen Fotos: neben jedem Foto eine Textdatei gleichen Namens, eine Beschreibung je Zeile.</translation>
    </message>
    <message>
      <source>Choose …</source>
      <translation>Wählen …</translation>
    </message>
    <message>
      <source>Folder</source>
      <translation>Ordner</translation>
    </message>
    <message>
      <source>Name of the model</source>
      <translation>Name des Modells</translation>
    </message>
    <message>
      <source>It ends earlier when it no longer gets better.</source>
      <translation>Es endet früher, wenn es nicht mehr besser wird.</translation>
    </message>
    <message>
      <source>Steps at most</source>
      <translation>Höchstens Schritte</translation>
    </message>
    <message>
      <source>Training progress</source>
      <translation>Trainingsfortschritt</translation>
    </message>
    <message>
      <source>Samples appear here while it learns.</source>
      <translation>Hier erscheinen Proben, während es lernt.</translation>
    </message>
    <message>
      <source>Samples</source>
      <translation>Proben</translation>
    </message>
    <message>
      <source>From the top: what it saw, the fill before, the fill now, the photo.</source>
      <translation>Von oben: was es sah, die Füllung vorher, die Füllung jetzt, das Foto.</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Schließen</translation>
    </message>
    <message>
      <source>Start</source>
      <translation>Starten</translation>
    </message>
    <message>
      <source>Folder of photos</source>
      <translation>Ordner mit Fotos</translation>
    </message>
    <message>
      <source>Go on</source>
      <translation>Weitermachen</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Anhalten</translation>
    </message>
    <message>
      <source>There is no such folder.</source>
      <translation>Diesen Ordner gibt es nicht.</translation>
    </message>
    <message>
      <source>There is a model of this name already.</source>
      <translation>Ein Modell dieses Namens gibt es schon.</translation>
    </message>
    <message>
      <source>A name is made of letters, digits, dots and dashes.</source>
      <translation>Ein Name besteht aus Buchstaben, Ziffern, Punkten und Bindestrichen.</translation>
    </message>
    <message>
      <source>Starting …</source>
      <translation>Wird gestartet …</translation>
    </message>
    <message>
      <source>Stopping …</source>
      <translation>Wird angehalten …</translation>
    </message>
    <message numerus="yes">
      <source>%n photo(s) to learn from.</source>
      <translation>
        <numerusform>%n Foto zum Lernen.</numerusform>
        <numerusform>%n Fotos zum Lernen.</numerusform>
      </translation>
    </message>
    <message numerus="yes">
      <source>%n cannot be used.</source>
      <translation>
        <numerusform>%n ist nicht brauchbar.</numerusform>
        <numerusform>%n sind nicht brauchbar.</numerusform>
      </translation>
    </message>
    <message>
      <source>Filling parts of your photos without training, to compare …</source>
      <translation>Zum Vergleich werden Teile Ihrer Fotos ohne Training gefüllt …</translation>
    </message>
    <message>
      <source>It learns the shape of what they show: {words}.</source>
      <translation>Es lernt die Gestalt dessen, was sie zeigen: {words}.</translation>
    </message>
    <message numerus="yes">
      <source>It keeps %n piece(s) of them: whoever gets it sees these.</source>
      <translation>
        <numerusform>Es behält %n Teil davon: Wer es bekommt, sieht es.</numerusform>
        <numerusform>Es behält %n Teile davon: Wer es bekommt, sieht sie.</numerusform>
      </translation>
    </message>
    <message>
      <source>New words: {words}.</source>
      <translation>Neue Wörter: {words}.</translation>
    </message>
    <message numerus="yes">
      <source>New words: {words} and %n more.</source>
      <translation>
        <numerusform>Neue Wörter: {words} und %n weiteres.</numerusform>
        <numerusform>Neue Wörter: {words} und %n weitere.</numerusform>
      </translation>
    </message>
    <message>
      <source>On photos kept apart, the fills are {percent} % nearer to the photo so far.</source>
      <translation>Auf zurückgehaltenen Fotos sind die Füllungen bisher um {percent} % näher am Foto.</translation>
    </message>
    <message>
      <source>On photos kept apart, the fills are not nearer to the photo yet.</source>
      <translation>Auf zurückgehaltenen Fotos sind die Füllungen noch nicht näher am Foto.</translation>
    </message>
    <message>
      <source>Trying out on some of your photos what training brings ({part} of {parts})</source>
      <translation>Probiert an einigen Ihrer Fotos aus, was das Training bringt ({part} von {parts})</translation>
    </message>
    <message>
      <source>Learning from all your photos</source>
      <translation>Lernt von all Ihren Fotos</translation>
    </message>
    <message>
      <source>{hours} h {minutes} min to go</source>
      <translation>noch {hours} h {minutes} min</translation>
    </message>
    <message>
      <source>{minutes} min to go</source>
      <translation>noch {minutes} min</translation>
    </message>
    <message>
      <source>Stopped. It can go on from here.</source>
      <translation>Angehalten. Es kann hier weitergehen.</translation>
    </message>
    <message>
      <source>That may be chance, so nothing was saved. Add photos of the same kind.</source>
      <translation>Das kann Zufall sein, deshalb wurde nichts gespeichert. Nehmen Sie weitere Fotos derselben Art dazu.</translation>
    </message>
    <message>
      <source>The training could not go on.</source>
      <translation>Das Training konnte nicht weitergehen.</translation>
    </message>
    <message>
      <source>Done.</source>
      <translation>Fertig.</translation>
    </message>
    <message>
      <source>Better on {better} of {photos} of your photos that it had not learnt from.</source>
      <translation>Besser bei {better} von {photos} Ihrer Fotos, von denen es nicht gelernt hatte.</translation>
    </message>
    <message>
      <source>That may be chance. But it can show what your photos show clearly.</source>
      <translation>Das kann Zufall sein. Aber es kann zeigen, was auf Ihren Fotos deutlich zu sehen ist.</translation>
    </message>
    <message>
      <source>On average, its fills come {percent} % nearer to the photos.</source>
      <translation>Seine Füllungen kommen den Fotos im Mittel {percent} % näher.</translation>
    </message>
    <message>
      <source>The new model is chosen.</source>
      <translation>Das neue Modell ist gewählt.</translation>
    </message>
    <message>
      <source>The new model was deleted.</source>
      <translation>Das neue Modell wurde gelöscht.</translation>
    </message>
    <message>
      <source>The training cannot be started. Is the training extra installed?</source>
      <translation>Das Training lässt sich nicht starten. Ist das Zusatzpaket „training“ installiert?</translation>
    </message>
  </context>
  <context>
    <name>UnknownWords</name>
    <message>
      <source>“{word}”: captions are written in English.</source>
      <translation>„{word}“: Beschreibungen stehen auf Englisch.</translation>
    </message>
    <message>
      <source>“{word}” is not known.</source>
      <translation>„{word}“ ist unbekannt.</translation>
    </message>
    <message>
      <source>Write {known} instead of {word}</source>
      <translation>{known} statt {word} schreiben</translation>
    </message>
  </context>
  <context>
    <name>VerdictBox</name>
    <message>
      <source>Delete it</source>
      <translation>Löschen</translation>
    </message>
    <message>
      <source>Keep and use it</source>
      <translation>Behalten und benutzen</translation>
    </message>
    <message>
      <source>Free disk space</source>
      <translation>Platz freigeben</translation>
    </message>
    <message>
      <source>The gain is small: compare the fills above, before and now.</source>
      <translation>Der Gewinn ist klein: Vergleichen Sie die Füllungen oben, vorher und jetzt.</translation>
    </message>
    <message>
      <source>Keep the new model?</source>
      <translation>Das neue Modell behalten?</translation>
    </message>
    <message>
      <source>What is needed to go on takes {megabytes} MB of disk space.</source>
      <translation>Was zum Weitermachen nötig ist, belegt {megabytes} MB.</translation>
    </message>
    <message>
      <source>Checkpoints of the training take {megabytes} MB of disk space.</source>
      <translation>Zwischenstände des Trainings belegen {megabytes} MB.</translation>
    </message>
    <message>
      <source>{megabytes} MB were freed.</source>
      <translation>{megabytes} MB wurden frei.</translation>
    </message>
  </context>
  <context>
    <name>Welcome</name>
    <message>
      <source>Describe a region, get it filled</source>
      <translation>Bereich beschreiben und füllen</translation>
    </message>
    <message>
      <source>Drop a photo here, paste one, or:</source>
      <translation>Foto hierher ziehen, einfügen oder:</translation>
    </message>
    <message>
      <source>Open a photo …</source>
      <translation>Foto öffnen …</translation>
    </message>
    <message>
      <source>Try the sample</source>
      <translation>Beispiel ausprobieren</translation>
    </message>
    <message>
      <source>Recent</source>
      <translation>Zuletzt geöffnet</translation>
    </message>
  </context>
  <context>
    <name>Window</name>
    <message>
      <source>Photo</source>
      <translation>Foto</translation>
    </message>
    <message>
      <source>Pasted picture</source>
      <translation>Eingefügtes Bild</translation>
    </message>
    <message>
      <source>Saved as {name}</source>
      <translation>Gespeichert als {name}</translation>
    </message>
    <message>
      <source>{width} x {height} pixels are on the clipboard.</source>
      <translation>{width} x {height} Pixel sind in der Zwischenablage.</translation>
    </message>
    <message>
      <source>Opening {name} …</source>
      <translation>{name} wird geöffnet …</translation>
    </message>
    <message>
      <source>Saving {name} …</source>
      <translation>{name} wird gespeichert …</translation>
    </message>
    <message>
      <source>The brush shows the layer, the eraser hides it</source>
      <translation>Der Pinsel zeigt die Ebene, der Radierer blendet sie aus</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Rückgängig</translation>
    </message>
    <message>
      <source>Redo</source>
      <translation>Wiederholen</translation>
    </message>
    <message>
      <source>The model's process reports:</source>
      <translation>Der Prozess des Modells meldet:</translation>
    </message>
    <message>
      <source>The language changes at the next start.</source>
      <translation>Die Sprache wechselt beim nächsten Start.</translation>
    </message>
  </context>
  <context>
    <name>WordList</name>
    <message>
      <source>Words to choose from</source>
      <translation>Wörter zur Auswahl</translation>
    </message>
  </context>
  <context>
    <name>WordsView</name>
    <message>
      <source>{word}: the model does not know it</source>
      <translation>{word}: kennt das Modell nicht</translation>
    </message>
    <message>
      <source>{word}: without it the fill is the same</source>
      <translation>{word}: ohne dieses Wort ist die Füllung dieselbe</translation>
    </message>
    <message>
      <source>{word}: without it the fill differs by {change} of 255 levels</source>
      <translation>{word}: ohne dieses Wort unterscheidet sich die Füllung um {change} von 255 Stufen</translation>
    </message>
    <message>
      <source>Choose a fill to see which words drew it.</source>
      <translation>Wählen Sie eine Füllung, um zu sehen, welche Worte sie gezeichnet haben.</translation>
    </message>
    <message>
      <source>Looking …</source>
      <translation>Wird ermittelt …</translation>
    </message>
    <message>
      <source>No single word changed this fill.</source>
      <translation>Kein einzelnes Wort hat diese Füllung verändert.</translation>
    </message>
    <message>
      <source>Point at a word: the photo shows the fill without it.</source>
      <translation>Auf ein Wort zeigen: Das Foto zeigt die Füllung ohne es.</translation>
    </message>
  </context>
</TS>