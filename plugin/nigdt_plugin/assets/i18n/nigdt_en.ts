<?xml version='1.0' encoding='utf-8'?>
<TS version="2.1" language="en" sourcelanguage="en">
  <context>
    <name>BatchDialog</name>
    <message>
      <source>Many photos</source>
      <translation>Many photos</translation>
    </message>
    <message>
      <source>Photos</source>
      <translation>Photos</translation>
    </message>
    <message>
      <source>A folder</source>
      <translation>A folder</translation>
    </message>
    <message>
      <source>Selections</source>
      <translation>Selections</translation>
    </message>
    <message>
      <source>Masks or boxes</source>
      <translation>Masks or boxes</translation>
    </message>
    <message>
      <source>A folder of masks named like the photos, or a CSV file: name, left, top, width, height</source>
      <translation>A folder of masks named like the photos, or a CSV file: name, left, top, width, height</translation>
    </message>
    <message>
      <source>Filled photos go to</source>
      <translation>Filled photos go to</translation>
    </message>
    <message>
      <source>Caption</source>
      <translation>Caption</translation>
    </message>
    <message>
      <source>Progress</source>
      <translation>Progress</translation>
    </message>
    <message>
      <source>Report</source>
      <translation>Report</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Close</translation>
    </message>
    <message>
      <source>Start</source>
      <translation>Start</translation>
    </message>
    <message>
      <source>Choose …</source>
      <translation>Choose …</translation>
    </message>
    <message>
      <source>CSV …</source>
      <translation>CSV …</translation>
    </message>
    <message>
      <source>Mode: {mode}. Sliders and model are those of the window behind.</source>
      <translation>Mode: {mode}. Sliders and model are those of the window behind.</translation>
    </message>
    <message>
      <source>There is no folder {name}.</source>
      <translation>There is no folder {name}.</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Stop</translation>
    </message>
    <message>
      <source>Camera raw is not written; what is filled becomes a TIFF with 16 bits.</source>
      <translation>Camera raw is not written; what is filled becomes a TIFF with 16 bits.</translation>
    </message>
    <message>
      <source>{format} is not written; what is filled becomes a JPEG, with transparency a PNG.</source>
      <translation>{format} is not written; what is filled becomes a JPEG, with transparency a PNG.</translation>
    </message>
    <message>
      <source>Stopped. Start goes on with the photos that are left.</source>
      <translation>Stopped. Start goes on with the photos that are left.</translation>
    </message>
    <message>
      <source>nothing is selected there.</source>
      <translation>nothing is selected there.</translation>
    </message>
    <message>
      <source>there is no such photo.</source>
      <translation>there is no such photo.</translation>
    </message>
    <message>
      <source>{made} of {all} photos were filled.</source>
      <translation>{made} of {all} photos were filled.</translation>
    </message>
    <message>
      <source>Already in the folder and left as it was: {count}.</source>
      <translation>Already in the folder and left as it was: {count}.</translation>
    </message>
    <message>
      <source>{names} and {count} more</source>
      <translation>{names} and {count} more</translation>
    </message>
  </context>
  <context>
    <name>BlendBox</name>
    <message>
      <source>Feather</source>
      <translation>Feather</translation>
    </message>
    <message>
      <source>Match colours</source>
      <translation>Match colours</translation>
    </message>
    <message>
      <source>Strength</source>
      <translation>Strength</translation>
    </message>
    <message>
      <source>Surroundings</source>
      <translation>Surroundings</translation>
    </message>
    <message>
      <source>How much of the surroundings the model sees</source>
      <translation>How much of the surroundings the model sees</translation>
    </message>
    <message>
      <source>Follow words</source>
      <translation>Follow words</translation>
    </message>
    <message>
      <source>How strongly the words count in a described fill</source>
      <translation>How strongly the words count in a described fill</translation>
    </message>
    <message>
      <source>Detail</source>
      <translation>Detail</translation>
    </message>
    <message>
      <source>How much of the photo's texture a described fill carries</source>
      <translation>How much of the photo's texture a described fill carries</translation>
    </message>
    <message>
      <source>automatic</source>
      <translation>automatic</translation>
    </message>
    <message>
      <source>A recoloured thing keeps its own edge and light, so there is no seam to blend</source>
      <translation>A recoloured thing keeps its own edge and light, so there is no seam to blend</translation>
    </message>
  </context>
  <context>
    <name>Canvas</name>
    <message>
      <source>Finding the object …</source>
      <translation>Finding the object …</translation>
    </message>
    <message>
      <source>Before</source>
      <translation>Before</translation>
    </message>
    <message>
      <source>After</source>
      <translation>After</translation>
    </message>
  </context>
  <context>
    <name>CaptionMenus</name>
    <message>
      <source>Captions used before</source>
      <translation>Captions used before</translation>
    </message>
    <message>
      <source>Presets</source>
      <translation>Presets</translation>
    </message>
    <message>
      <source>No captions yet</source>
      <translation>No captions yet</translation>
    </message>
    <message>
      <source>Clear blue sky</source>
      <translation>Clear blue sky</translation>
    </message>
    <message>
      <source>Cloudy sky</source>
      <translation>Cloudy sky</translation>
    </message>
    <message>
      <source>Calm water</source>
      <translation>Calm water</translation>
    </message>
    <message>
      <source>Green grass</source>
      <translation>Green grass</translation>
    </message>
    <message>
      <source>Stone wall</source>
      <translation>Stone wall</translation>
    </message>
    <message>
      <source>Recolour, half as strong</source>
      <translation>Recolour, half as strong</translation>
    </message>
    <message>
      <source>Remove with a wide rim</source>
      <translation>Remove with a wide rim</translation>
    </message>
    <message>
      <source>Keep mode, words and settings …</source>
      <translation>Keep mode, words and settings …</translation>
    </message>
    <message>
      <source>Drop</source>
      <translation>Drop</translation>
    </message>
    <message>
      <source>Keep mode, words and settings</source>
      <translation>Keep mode, words and settings</translation>
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
      <translation>Several captions side by side</translation>
    </message>
    <message>
      <source>One caption per line</source>
      <translation>One caption per line</translation>
    </message>
    <message>
      <source>Captions</source>
      <translation>Captions</translation>
    </message>
    <message>
      <source>All are drawn from the same seed, so that only the words differ.</source>
      <translation>All are drawn from the same seed, so that only the words differ.</translation>
    </message>
    <message>
      <source>Fill all</source>
      <translation>Fill all</translation>
    </message>
  </context>
  <context>
    <name>DescribeBox</name>
    <message>
      <source>Caption</source>
      <translation>Caption</translation>
    </message>
    <message>
      <source>Filling</source>
      <translation>Filling</translation>
    </message>
    <message>
      <source>Live</source>
      <translation>Live</translation>
    </message>
    <message>
      <source>Fills follow the typing</source>
      <translation>Fills follow the typing</translation>
    </message>
    <message>
      <source>Several captions side by side</source>
      <translation>Several captions side by side</translation>
    </message>
    <message>
      <source>Number of fills</source>
      <translation>Number of fills</translation>
    </message>
    <message>
      <source>Seed</source>
      <translation>Seed</translation>
    </message>
    <message>
      <source>The same number gives the same fills again; empty for any</source>
      <translation>The same number gives the same fills again; empty for any</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Fill</translation>
    </message>
    <message>
      <source>Return</source>
      <translation>Return</translation>
    </message>
    <message>
      <source>Nothing is selected.</source>
      <translation>Nothing is selected.</translation>
    </message>
    <message>
      <source>Drag over the region to fill first.</source>
      <translation>Drag over the region to fill first.</translation>
    </message>
    <message>
      <source>Shorten it to {most} characters.</source>
      <translation>Shorten it to {most} characters.</translation>
    </message>
    <message>
      <source>The caption is too long.</source>
      <translation>The caption is too long.</translation>
    </message>
    <message>
      <source>This model cannot recolour.</source>
      <translation>This model cannot recolour.</translation>
    </message>
    <message>
      <source>Choose another model.</source>
      <translation>Choose another model.</translation>
    </message>
    <message>
      <source>The words name no colour.</source>
      <translation>The words name no colour.</translation>
    </message>
    <message>
      <source>Name one: "a red bird", "dark green wings", or just "turquoise".</source>
      <translation>Name one: "a red bird", "dark green wings", or just "turquoise".</translation>
    </message>
    <message>
      <source>Recolour</source>
      <translation>Recolour</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Remove</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Stop</translation>
    </message>
    <message>
      <source>What should be there? For example: a bird with a red belly</source>
      <translation>What should be there? For example: a bird with a red belly</translation>
    </message>
    <message>
      <source>Which colour? For example: a blue bird, dark green</source>
      <translation>Which colour? For example: a blue bird, dark green</translation>
    </message>
    <message>
      <source>Nothing to type</source>
      <translation>Nothing to type</translation>
    </message>
    <message>
      <source>The photo is grey, and so are its fills.</source>
      <translation>The photo is grey, and so are its fills.</translation>
    </message>
  </context>
  <context>
    <name>Dialogs</name>
    <message>
      <source>Training is not installed.</source>
      <translation>Training is not installed.</translation>
    </message>
    <message>
      <source>It needs about 200 MB of disk space. The photos stay on this machine.</source>
      <translation>It needs about 200 MB of disk space. The photos stay on this machine.</translation>
    </message>
    <message>
      <source>{name} needs an optional part of NIGDT.</source>
      <translation>{name} needs an optional part of NIGDT.</translation>
    </message>
    <message>
      <source>It reads HEIC, JPEG XL and camera raw, and needs about 50 MB of disk space.</source>
      <translation>It reads HEIC, JPEG XL and camera raw, and needs about 50 MB of disk space.</translation>
    </message>
    <message>
      <source>Install</source>
      <translation>Install</translation>
    </message>
    <message>
      <source>Install it</source>
      <translation>Install it</translation>
    </message>
    <message>
      <source>Not now</source>
      <translation>Not now</translation>
    </message>
    <message>
      <source>Forget all fills of all photos?</source>
      <translation>Forget all fills of all photos?</translation>
    </message>
    <message>
      <source>They are deleted from the disk; saved pictures and layers stay.</source>
      <translation>They are deleted from the disk; saved pictures and layers stay.</translation>
    </message>
    <message>
      <source>Keep them</source>
      <translation>Keep them</translation>
    </message>
    <message>
      <source>Forget</source>
      <translation>Forget</translation>
    </message>
    <message>
      <source>Describe a region of a photo, get it filled, on your own machine.</source>
      <translation>Describe a region of a photo, get it filled, on your own machine.</translation>
    </message>
    <message>
      <source>Diagnostics are on the clipboard.</source>
      <translation>Diagnostics are on the clipboard.</translation>
    </message>
    <message>
      <source>From {when}</source>
      <translation>From {when}</translation>
    </message>
    <message>
      <source>Unsaved work on {name} was found.</source>
      <translation>Unsaved work on {name} was found.</translation>
    </message>
    <message>
      <source>Restore</source>
      <translation>Restore</translation>
    </message>
    <message>
      <source>Many photos are still being filled. To do: {count}</source>
      <translation>Many photos are still being filled. To do: {count}</translation>
    </message>
    <message>
      <source>Those that are filled stay. Starting again goes on with the rest.</source>
      <translation>Those that are filled stay. Starting again goes on with the rest.</translation>
    </message>
    <message>
      <source>Go on filling</source>
      <translation>Go on filling</translation>
    </message>
    <message>
      <source>Stop and close</source>
      <translation>Stop and close</translation>
    </message>
    <message>
      <source>Nothing is selected.</source>
      <translation>Nothing is selected.</translation>
    </message>
    <message>
      <source>Select the part to keep.</source>
      <translation>Select the part to keep.</translation>
    </message>
    <message>
      <source>This photo is grey and holds no colour.</source>
      <translation>This photo is grey and holds no colour.</translation>
    </message>
    <message>
      <source>As a colour photo it looks the same until something on it is recoloured.</source>
      <translation>As a colour photo it looks the same until something on it is recoloured.</translation>
    </message>
    <message>
      <source>Make it a colour photo</source>
      <translation>Make it a colour photo</translation>
    </message>
    <message>
      <source>Leave it grey</source>
      <translation>Leave it grey</translation>
    </message>
  </context>
  <context>
    <name>DragLabel</name>
    <message>
      <source>Drag the picture from here into another program</source>
      <translation>Drag the picture from here into another program</translation>
    </message>
    <message>
      <source>The picture is being written; hold on.</source>
      <translation>The picture is being written; hold on.</translation>
    </message>
  </context>
  <context>
    <name>ExportDialog</name>
    <message>
      <source>Export</source>
      <translation>Export</translation>
    </message>
    <message>
      <source>Quality</source>
      <translation>Quality</translation>
    </message>
    <message>
      <source>as it is</source>
      <translation>as it is</translation>
    </message>
    <message>
      <source>Longer side at most</source>
      <translation>Longer side at most</translation>
    </message>
    <message>
      <source>JPEG, WebP, AVIF and PNG in 8 bits. EXIF and colour profile are kept.</source>
      <translation>JPEG, WebP, AVIF and PNG in 8 bits. EXIF and colour profile are kept.</translation>
    </message>
    <message>
      <source>Export …</source>
      <translation>Export …</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Cancel</translation>
    </message>
    <message>
      <source>picture.png</source>
      <translation>picture.png</translation>
    </message>
    <message>
      <source>export</source>
      <translation>export</translation>
    </message>
    <message>
      <source>Pictures</source>
      <translation>Pictures</translation>
    </message>
  </context>
  <context>
    <name>ExtendDialog</name>
    <message>
      <source>Extend the canvas</source>
      <translation>Extend the canvas</translation>
    </message>
    <message>
      <source>Left</source>
      <translation>Left</translation>
    </message>
    <message>
      <source>Top</source>
      <translation>Top</translation>
    </message>
    <message>
      <source>Right</source>
      <translation>Right</translation>
    </message>
    <message>
      <source>Bottom</source>
      <translation>Bottom</translation>
    </message>
    <message>
      <source>The new border is filled with what continues the photo, as Remove does.</source>
      <translation>The new border is filled with what continues the photo, as Remove does.</translation>
    </message>
    <message>
      <source>Extend</source>
      <translation>Extend</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Cancel</translation>
    </message>
  </context>
  <context>
    <name>Failures</name>
    <message>
      <source>This picture cannot be used.</source>
      <translation>This picture cannot be used.</translation>
    </message>
    <message>
      <source>This file cannot be opened.</source>
      <translation>This file cannot be opened.</translation>
    </message>
    <message>
      <source>The picture cannot be saved.</source>
      <translation>The picture cannot be saved.</translation>
    </message>
    <message>
      <source>The picture cannot be saved: the file or its folder is write-protected.</source>
      <translation>The picture cannot be saved: the file or its folder is write-protected.</translation>
    </message>
    <message>
      <source>Save it under another name or in another folder.</source>
      <translation>Save it under another name or in another folder.</translation>
    </message>
    <message>
      <source>The picture cannot be saved: the disk is full.</source>
      <translation>The picture cannot be saved: the disk is full.</translation>
    </message>
    <message>
      <source>Make room, or save it on another disk.</source>
      <translation>Make room, or save it on another disk.</translation>
    </message>
    <message>
      <source>This model cannot be used.</source>
      <translation>This model cannot be used.</translation>
    </message>
    <message>
      <source>Choose another model.</source>
      <translation>Choose another model.</translation>
    </message>
    <message>
      <source>This selection cannot be used.</source>
      <translation>This selection cannot be used.</translation>
    </message>
    <message>
      <source>This caption cannot be used.</source>
      <translation>This caption cannot be used.</translation>
    </message>
    <message>
      <source>A file cannot be read or written.</source>
      <translation>A file cannot be read or written.</translation>
    </message>
    <message>
      <source>This entry of the history is damaged.</source>
      <translation>This entry of the history is damaged.</translation>
    </message>
    <message>
      <source>Forget it with the button below the list.</source>
      <translation>Forget it with the button below the list.</translation>
    </message>
    <message>
      <source>This entry of the history is no longer there.</source>
      <translation>This entry of the history is no longer there.</translation>
    </message>
    <message>
      <source>It was deleted, perhaps to make room for newer ones.</source>
      <translation>It was deleted, perhaps to make room for newer ones.</translation>
    </message>
    <message>
      <source>This entry belongs to a larger photo.</source>
      <translation>This entry belongs to a larger photo.</translation>
    </message>
    <message>
      <source>Open that photo first.</source>
      <translation>Open that photo first.</translation>
    </message>
    <message>
      <source>The layers of this file are opened as one picture.</source>
      <translation>The layers of this file are opened as one picture.</translation>
    </message>
    <message>
      <source>They blend in ways that the panel does not know.</source>
      <translation>They blend in ways that the panel does not know.</translation>
    </message>
    <message>
      <source>These layers cannot be merged.</source>
      <translation>These layers cannot be merged.</translation>
    </message>
    <message>
      <source>Fills make this photo opaque, and a recolouring leaves it transparent.</source>
      <translation>Fills make this photo opaque, and a recolouring leaves it transparent.</translation>
    </message>
    <message>
      <source>Try again in {seconds} s.</source>
      <translation>Try again in {seconds} s.</translation>
    </message>
    <message>
      <source>Try again.</source>
      <translation>Try again.</translation>
    </message>
    <message>
      <source>This program and the NIGDT service are of different versions.</source>
      <translation>This program and the NIGDT service are of different versions.</translation>
    </message>
    <message>
      <source>Run NIGDT's installer again.</source>
      <translation>Run NIGDT's installer again.</translation>
    </message>
    <message>
      <source>NIGDT is busy with other fills.</source>
      <translation>NIGDT is busy with other fills.</translation>
    </message>
    <message>
      <source>The NIGDT service does not answer.</source>
      <translation>The NIGDT service does not answer.</translation>
    </message>
    <message>
      <source>Close NIGDT's windows, wait a minute and try again.</source>
      <translation>Close NIGDT's windows, wait a minute and try again.</translation>
    </message>
    <message>
      <source>The NIGDT service ended while it was needed.</source>
      <translation>The NIGDT service ended while it was needed.</translation>
    </message>
    <message>
      <source>The fill was stopped.</source>
      <translation>The fill was stopped.</translation>
    </message>
    <message>
      <source>The model failed at this fill.</source>
      <translation>The model failed at this fill.</translation>
    </message>
    <message>
      <source>Try another region or caption.</source>
      <translation>Try another region or caption.</translation>
    </message>
    <message>
      <source>This fill is too large.</source>
      <translation>This fill is too large.</translation>
    </message>
    <message>
      <source>Select a smaller region, or shorten the caption.</source>
      <translation>Select a smaller region, or shorten the caption.</translation>
    </message>
    <message>
      <source>This model is not installed.</source>
      <translation>This model is not installed.</translation>
    </message>
    <message>
      <source>This model is damaged.</source>
      <translation>This model is damaged.</translation>
    </message>
    <message>
      <source>Choose another model, or install this one again.</source>
      <translation>Choose another model, or install this one again.</translation>
    </message>
    <message>
      <source>The other machine does not allow this.</source>
      <translation>The other machine does not allow this.</translation>
    </message>
    <message>
      <source>The computer's memory does not suffice for this fill.</source>
      <translation>The computer's memory does not suffice for this fill.</translation>
    </message>
    <message>
      <source>Select a smaller region.</source>
      <translation>Select a smaller region.</translation>
    </message>
    <message>
      <source>The NIGDT service is not running.</source>
      <translation>The NIGDT service is not running.</translation>
    </message>
    <message>
      <source>Open the NIGDT panel on the machine where it runs, then try again.</source>
      <translation>Open the NIGDT panel on the machine where it runs, then try again.</translation>
    </message>
    <message>
      <source>The NIGDT service cannot be started.</source>
      <translation>The NIGDT service cannot be started.</translation>
    </message>
    <message>
      <source>Others could read what leads to the NIGDT service.</source>
      <translation>Others could read what leads to the NIGDT service.</translation>
    </message>
    <message>
      <source>Take their rights to that folder away, then try again.</source>
      <translation>Take their rights to that folder away, then try again.</translation>
    </message>
    <message>
      <source>Something unexpected went wrong.</source>
      <translation>Something unexpected went wrong.</translation>
    </message>
  </context>
  <context>
    <name>FillStrip</name>
    <message>
      <source>Fill to come</source>
      <translation>Fill to come</translation>
    </message>
    <message>
      <source>Fill {number}: {what}</source>
      <translation>Fill {number}: {what}</translation>
    </message>
    <message>
      <source>average</source>
      <translation>average</translation>
    </message>
    <message>
      <source>near {seed}</source>
      <translation>near {seed}</translation>
    </message>
    <message>
      <source>“{caption}”</source>
      <translation>“{caption}”</translation>
    </message>
    <message>
      <source>Removed, answer {number}</source>
      <translation>Removed, answer {number}</translation>
    </message>
    <message>
      <source>“{caption}”, seed {seed}</source>
      <translation>“{caption}”, seed {seed}</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Apply</translation>
    </message>
    <message>
      <source>No longer a favourite</source>
      <translation>No longer a favourite</translation>
    </message>
    <message>
      <source>Favourite</source>
      <translation>Favourite</translation>
    </message>
    <message>
      <source>More like this</source>
      <translation>More like this</translation>
    </message>
    <message>
      <source>Try another in its place</source>
      <translation>Try another in its place</translation>
    </message>
    <message>
      <source>Words that drew it</source>
      <translation>Words that drew it</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Discard</translation>
    </message>
  </context>
  <context>
    <name>GrowRow</name>
    <message>
      <source>Grow</source>
      <translation>Grow</translation>
    </message>
    <message>
      <source>Moves the edge outwards, so that no rim of the object stays; used by the next fill</source>
      <translation>Moves the edge outwards, so that no rim of the object stays; used by the next fill</translation>
    </message>
    <message>
      <source>automatic ({pixels} px)</source>
      <translation>automatic ({pixels} px)</translation>
    </message>
  </context>
  <context>
    <name>Hints</name>
    <message>
      <source>Drag over what you want to change</source>
      <translation>Drag over what you want to change</translation>
    </message>
    <message>
      <source>Choose the fill you like and apply it</source>
      <translation>Choose the fill you like and apply it</translation>
    </message>
    <message>
      <source>Close the hints</source>
      <translation>Close the hints</translation>
    </message>
    <message>
      <source>Say what should be there, on the right</source>
      <translation>Say what should be there, on the right</translation>
    </message>
    <message>
      <source>Name its new colour, on the right</source>
      <translation>Name its new colour, on the right</translation>
    </message>
    <message>
      <source>Press Remove, on the right</source>
      <translation>Press Remove, on the right</translation>
    </message>
  </context>
  <context>
    <name>HistoryList</name>
    <message>
      <source>History</source>
      <translation>History</translation>
    </message>
    <message>
      <source>Forget this entry</source>
      <translation>Forget this entry</translation>
    </message>
    <message numerus="yes">
      <source>%n fill(s)</source>
      <translation>
        <numerusform>%n fill</numerusform>
        <numerusform>%n fills</numerusform>
      </translation>
    </message>
    <message>
      <source>Removed</source>
      <translation>Removed</translation>
    </message>
    <message>
      <source>{size} MB on disk</source>
      <translation>{size} MB on disk</translation>
    </message>
    <message>
      <source>Fills of this photo appear here.</source>
      <translation>Fills of this photo appear here.</translation>
    </message>
  </context>
  <context>
    <name>Hosted</name>
    <message>
      <source>There is nothing to hand over yet.</source>
      <translation>There is nothing to hand over yet.</translation>
    </message>
    <message>
      <source>Fill the selection first.</source>
      <translation>Fill the selection first.</translation>
    </message>
    <message>
      <source>Hand over the fills first?</source>
      <translation>Hand over the fills first?</translation>
    </message>
    <message>
      <source>The program that opened this window has not got them yet.</source>
      <translation>The program that opened this window has not got them yet.</translation>
    </message>
    <message>
      <source>Hand over</source>
      <translation>Hand over</translation>
    </message>
    <message>
      <source>The program that opened this window no longer waits for the result.</source>
      <translation>The program that opened this window no longer waits for the result.</translation>
    </message>
    <message>
      <source>You can go on here, and save what you make.</source>
      <translation>You can go on here, and save what you make.</translation>
    </message>
    <message>
      <source>Save your fills, or they are lost when you close the window.</source>
      <translation>Save your fills, or they are lost when you close the window.</translation>
    </message>
    <message>
      <source>Save</source>
      <translation>Save</translation>
    </message>
    <message>
      <source>Later</source>
      <translation>Later</translation>
    </message>
  </context>
  <context>
    <name>InstallDialog</name>
    <message>
      <source>Installing …</source>
      <translation>Installing …</translation>
    </message>
    <message>
      <source>Progress of the installation</source>
      <translation>Progress of the installation</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Cancel</translation>
    </message>
    <message>
      <source>It could not be installed.</source>
      <translation>It could not be installed.</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Close</translation>
    </message>
  </context>
  <context>
    <name>KeymapDialog</name>
    <message>
      <source>Change keys</source>
      <translation>Change keys</translation>
    </message>
    <message>
      <source>Click a field and press the keys. Backspace empties it.</source>
      <translation>Click a field and press the keys. Backspace empties it.</translation>
    </message>
    <message>
      <source>Restore the defaults</source>
      <translation>Restore the defaults</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Close</translation>
    </message>
    <message>
      <source>{keys} is needed on the photo.</source>
      <translation>{keys} is needed on the photo.</translation>
    </message>
    <message>
      <source>{keys} already belongs to “{action}”.</source>
      <translation>{keys} already belongs to “{action}”.</translation>
    </message>
  </context>
  <context>
    <name>KeysDialog</name>
    <message>
      <source>Keys and mouse</source>
      <translation>Keys and mouse</translation>
    </message>
    <message>
      <source>Change …</source>
      <translation>Change …</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Close</translation>
    </message>
    <message>
      <source>On the photo</source>
      <translation>On the photo</translation>
    </message>
    <message>
      <source>In the list of fills</source>
      <translation>In the list of fills</translation>
    </message>
    <message>
      <source>Zoom at the pointer</source>
      <translation>Zoom at the pointer</translation>
    </message>
    <message>
      <source>Wheel</source>
      <translation>Wheel</translation>
    </message>
    <message>
      <source>Move the view</source>
      <translation>Move the view</translation>
    </message>
    <message>
      <source>Space or middle button and drag</source>
      <translation>Space or middle button and drag</translation>
    </message>
    <message>
      <source>Add to the selection</source>
      <translation>Add to the selection</translation>
    </message>
    <message>
      <source>Shift and drag</source>
      <translation>Shift and drag</translation>
    </message>
    <message>
      <source>Take away from the selection</source>
      <translation>Take away from the selection</translation>
    </message>
    <message>
      <source>Ctrl or Alt and drag</source>
      <translation>Ctrl or Alt and drag</translation>
    </message>
    <message>
      <source>Keep what both select</source>
      <translation>Keep what both select</translation>
    </message>
    <message>
      <source>Shift, Ctrl and drag</source>
      <translation>Shift, Ctrl and drag</translation>
    </message>
    <message>
      <source>A straight line of the brush</source>
      <translation>A straight line of the brush</translation>
    </message>
    <message>
      <source>Shift and click</source>
      <translation>Shift and click</translation>
    </message>
    <message>
      <source>Draw without a mouse</source>
      <translation>Draw without a mouse</translation>
    </message>
    <message>
      <source>Arrows, then Return to press and let go</source>
      <translation>Arrows, then Return to press and let go</translation>
    </message>
    <message>
      <source>Compare with before</source>
      <translation>Compare with before</translation>
    </message>
    <message>
      <source>Hold the key left of 1</source>
      <translation>Hold the key left of 1</translation>
    </message>
    <message>
      <source>Move the line between before and after</source>
      <translation>Move the line between before and after</translation>
    </message>
    <message>
      <source>Drag it, or Ctrl and left or right</source>
      <translation>Drag it, or Ctrl and left or right</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Apply</translation>
    </message>
    <message>
      <source>Return or double click</source>
      <translation>Return or double click</translation>
    </message>
    <message>
      <source>Favourite</source>
      <translation>Favourite</translation>
    </message>
    <message>
      <source>More like this</source>
      <translation>More like this</translation>
    </message>
    <message>
      <source>Try another in its place</source>
      <translation>Try another in its place</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Discard</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>Delete</translation>
    </message>
  </context>
  <context>
    <name>LayerList</name>
    <message>
      <source>Layers</source>
      <translation>Layers</translation>
    </message>
    <message>
      <source>Applied fills appear here.</source>
      <translation>Applied fills appear here.</translation>
    </message>
    <message>
      <source>Opacity</source>
      <translation>Opacity</translation>
    </message>
    <message>
      <source>Edit the layer's mask with the brush</source>
      <translation>Edit the layer's mask with the brush</translation>
    </message>
    <message>
      <source>Move the layer up</source>
      <translation>Move the layer up</translation>
    </message>
    <message>
      <source>Move the layer down</source>
      <translation>Move the layer down</translation>
    </message>
    <message>
      <source>Duplicate the layer</source>
      <translation>Duplicate the layer</translation>
    </message>
    <message>
      <source>Merge the visible layers</source>
      <translation>Merge the visible layers</translation>
    </message>
    <message>
      <source>Remove the layer</source>
      <translation>Remove the layer</translation>
    </message>
    <message>
      <source>Removed</source>
      <translation>Removed</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Fill</translation>
    </message>
    <message>
      <source>{caption}, model {model}</source>
      <translation>{caption}, model {model}</translation>
    </message>
    <message>
      <source>Select its region</source>
      <translation>Select its region</translation>
    </message>
    <message>
      <source>Fill again</source>
      <translation>Fill again</translation>
    </message>
    <message>
      <source>Edit its mask</source>
      <translation>Edit its mask</translation>
    </message>
    <message>
      <source>Hide what is selected</source>
      <translation>Hide what is selected</translation>
    </message>
    <message>
      <source>Show all of it</source>
      <translation>Show all of it</translation>
    </message>
    <message>
      <source>Rename</source>
      <translation>Rename</translation>
    </message>
    <message>
      <source>Duplicate</source>
      <translation>Duplicate</translation>
    </message>
    <message>
      <source>Merge with the one below</source>
      <translation>Merge with the one below</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Remove</translation>
    </message>
  </context>
  <context>
    <name>Menus</name>
    <message>
      <source>&amp;File</source>
      <translation>&amp;File</translation>
    </message>
    <message>
      <source>Open …</source>
      <translation>Open …</translation>
    </message>
    <message>
      <source>Recent</source>
      <translation>Recent</translation>
    </message>
    <message>
      <source>Paste as a new photo</source>
      <translation>Paste as a new photo</translation>
    </message>
    <message>
      <source>Next photo in the folder</source>
      <translation>Next photo in the folder</translation>
    </message>
    <message>
      <source>Previous photo in the folder</source>
      <translation>Previous photo in the folder</translation>
    </message>
    <message>
      <source>Save</source>
      <translation>Save</translation>
    </message>
    <message>
      <source>Save as …</source>
      <translation>Save as …</translation>
    </message>
    <message>
      <source>Many photos …</source>
      <translation>Many photos …</translation>
    </message>
    <message>
      <source>Export …</source>
      <translation>Export …</translation>
    </message>
    <message>
      <source>Note in saved files what was filled</source>
      <translation>Note in saved files what was filled</translation>
    </message>
    <message>
      <source>Quit</source>
      <translation>Quit</translation>
    </message>
    <message>
      <source>None yet</source>
      <translation>None yet</translation>
    </message>
    <message>
      <source>&amp;Edit</source>
      <translation>&amp;Edit</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Undo</translation>
    </message>
    <message>
      <source>Redo</source>
      <translation>Redo</translation>
    </message>
    <message>
      <source>Copy what is seen</source>
      <translation>Copy what is seen</translation>
    </message>
    <message>
      <source>Crop to the selection</source>
      <translation>Crop to the selection</translation>
    </message>
    <message>
      <source>Extend the canvas …</source>
      <translation>Extend the canvas …</translation>
    </message>
    <message>
      <source>Make it a colour photo</source>
      <translation>Make it a colour photo</translation>
    </message>
    <message>
      <source>&amp;Select</source>
      <translation>&amp;Select</translation>
    </message>
    <message>
      <source>Everything</source>
      <translation>Everything</translation>
    </message>
    <message>
      <source>Nothing</source>
      <translation>Nothing</translation>
    </message>
    <message>
      <source>Invert</source>
      <translation>Invert</translation>
    </message>
    <message>
      <source>Pixels:</source>
      <translation>Pixels:</translation>
    </message>
    <message>
      <source>Grow …</source>
      <translation>Grow …</translation>
    </message>
    <message>
      <source>Shrink …</source>
      <translation>Shrink …</translation>
    </message>
    <message>
      <source>Feather …</source>
      <translation>Feather …</translation>
    </message>
    <message>
      <source>Pictures</source>
      <translation>Pictures</translation>
    </message>
    <message>
      <source>Load a selection</source>
      <translation>Load a selection</translation>
    </message>
    <message>
      <source>Save the selection</source>
      <translation>Save the selection</translation>
    </message>
    <message>
      <source>Load …</source>
      <translation>Load …</translation>
    </message>
    <message>
      <source>Save …</source>
      <translation>Save …</translation>
    </message>
    <message>
      <source>Tool</source>
      <translation>Tool</translation>
    </message>
    <message>
      <source>Smaller brush</source>
      <translation>Smaller brush</translation>
    </message>
    <message>
      <source>Larger brush</source>
      <translation>Larger brush</translation>
    </message>
    <message>
      <source>&amp;View</source>
      <translation>&amp;View</translation>
    </message>
    <message>
      <source>Fit</source>
      <translation>Fit</translation>
    </message>
    <message>
      <source>100 %</source>
      <translation>100 %</translation>
    </message>
    <message>
      <source>Zoom in</source>
      <translation>Zoom in</translation>
    </message>
    <message>
      <source>Zoom out</source>
      <translation>Zoom out</translation>
    </message>
    <message>
      <source>Zoom to the selection</source>
      <translation>Zoom to the selection</translation>
    </message>
    <message>
      <source>Before and after</source>
      <translation>Before and after</translation>
    </message>
    <message>
      <source>Loupe at 100 %</source>
      <translation>Loupe at 100 %</translation>
    </message>
    <message>
      <source>Turn the view right</source>
      <translation>Turn the view right</translation>
    </message>
    <message>
      <source>Turn the view left</source>
      <translation>Turn the view left</translation>
    </message>
    <message>
      <source>Mirror the view</source>
      <translation>Mirror the view</translation>
    </message>
    <message>
      <source>Reset turn and mirror</source>
      <translation>Reset turn and mirror</translation>
    </message>
    <message>
      <source>Show the selection</source>
      <translation>Show the selection</translation>
    </message>
    <message>
      <source>Tint the selection</source>
      <translation>Tint the selection</translation>
    </message>
    <message>
      <source>Show what the model sees and where it blends</source>
      <translation>Show what the model sees and where it blends</translation>
    </message>
    <message>
      <source>Appearance</source>
      <translation>Appearance</translation>
    </message>
    <message>
      <source>Same as the system</source>
      <translation>Same as the system</translation>
    </message>
    <message>
      <source>Light</source>
      <translation>Light</translation>
    </message>
    <message>
      <source>Dark</source>
      <translation>Dark</translation>
    </message>
    <message>
      <source>F&amp;ill</source>
      <translation>F&amp;ill</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Fill</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Apply</translation>
    </message>
    <message>
      <source>Several captions side by side …</source>
      <translation>Several captions side by side …</translation>
    </message>
    <message>
      <source>Write the caption</source>
      <translation>Write the caption</translation>
    </message>
    <message>
      <source>Choose a model …</source>
      <translation>Choose a model …</translation>
    </message>
    <message>
      <source>Train on my photos …</source>
      <translation>Train on my photos …</translation>
    </message>
    <message>
      <source>Forget the history</source>
      <translation>Forget the history</translation>
    </message>
    <message>
      <source>&amp;Help</source>
      <translation>&amp;Help</translation>
    </message>
    <message>
      <source>Show the hints again</source>
      <translation>Show the hints again</translation>
    </message>
    <message>
      <source>Keys and mouse</source>
      <translation>Keys and mouse</translation>
    </message>
    <message>
      <source>Change keys …</source>
      <translation>Change keys …</translation>
    </message>
    <message>
      <source>Language</source>
      <translation>Language</translation>
    </message>
    <message>
      <source>Copy diagnostics</source>
      <translation>Copy diagnostics</translation>
    </message>
    <message>
      <source>About NIGDT</source>
      <translation>About NIGDT</translation>
    </message>
  </context>
  <context>
    <name>ModelCard</name>
    <message>
      <source>A fill by {title}</source>
      <translation>A fill by {title}</translation>
    </message>
    <message>
      <source>The sample photo, filled by this model</source>
      <translation>The sample photo, filled by this model</translation>
    </message>
    <message>
      <source>{name}  ·  {size} px  ·  {words} words  ·  {megabytes} MB</source>
      <translation>{name}  ·  {size} px  ·  {words} words  ·  {megabytes} MB</translation>
    </message>
    <message>
      <source>Came with the program</source>
      <translation>Came with the program</translation>
    </message>
    <message>
      <source>Yours</source>
      <translation>Yours</translation>
    </message>
    <message>
      <source>Model card</source>
      <translation>Model card</translation>
    </message>
    <message>
      <source>Model card of {title}</source>
      <translation>Model card of {title}</translation>
    </message>
    <message>
      <source>Delete …</source>
      <translation>Delete …</translation>
    </message>
    <message>
      <source>Delete {title}</source>
      <translation>Delete {title}</translation>
    </message>
  </context>
  <context>
    <name>ModelDialog</name>
    <message>
      <source>Models</source>
      <translation>Models</translation>
    </message>
    <message>
      <source>What a model has seen decides what it can draw.</source>
      <translation>What a model has seen decides what it can draw.</translation>
    </message>
    <message>
      <source>Train on my photos …</source>
      <translation>Train on my photos …</translation>
    </message>
    <message>
      <source>Add a model …</source>
      <translation>Add a model …</translation>
    </message>
    <message>
      <source>Done</source>
      <translation>Done</translation>
    </message>
    <message>
      <source>No model is installed. Add one, or train one.</source>
      <translation>No model is installed. Add one, or train one.</translation>
    </message>
    <message>
      <source>Left out: {reason}</source>
      <translation>Left out: {reason}</translation>
    </message>
    <message>
      <source>Add a model</source>
      <translation>Add a model</translation>
    </message>
    <message>
      <source>Checking the model …</source>
      <translation>Checking the model …</translation>
    </message>
    <message>
      <source>The model was added. Choose it above.</source>
      <translation>The model was added. Choose it above.</translation>
    </message>
    <message>
      <source>The model was not added: {reason}</source>
      <translation>The model was not added: {reason}</translation>
    </message>
    <message>
      <source>{name} was deleted.</source>
      <translation>{name} was deleted.</translation>
    </message>
    <message>
      <source>Delete the model {name}?</source>
      <translation>Delete the model {name}?</translation>
    </message>
    <message>
      <source>Its files are deleted from the disk; fills that it made stay.</source>
      <translation>Its files are deleted from the disk; fills that it made stay.</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>Delete</translation>
    </message>
    <message>
      <source>Process {pid} on {device}. Fills made: {fills}. Memory: {memory} MB.</source>
      <translation>Process {pid} on {device}. Fills made: {fills}. Memory: {memory} MB.</translation>
    </message>
  </context>
  <context>
    <name>ModelText</name>
    <message>
      <source>This model has no card.</source>
      <translation>This model has no card.</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Close</translation>
    </message>
  </context>
  <context>
    <name>Modes</name>
    <message>
      <source>Describe</source>
      <translation>Describe</translation>
    </message>
    <message>
      <source>Recolour</source>
      <translation>Recolour</translation>
    </message>
    <message>
      <source>Remove</source>
      <translation>Remove</translation>
    </message>
    <message>
      <source>Puts what you describe into the selection.</source>
      <translation>Puts what you describe into the selection.</translation>
    </message>
    <message>
      <source>Gives the selected thing another colour; light and texture stay.</source>
      <translation>Gives the selected thing another colour; light and texture stay.</translation>
    </message>
    <message>
      <source>Takes the selected thing away and goes on with what is around it.</source>
      <translation>Takes the selected thing away and goes on with what is around it.</translation>
    </message>
  </context>
  <context>
    <name>Notice</name>
    <message>
      <source>Close this message</source>
      <translation>Close this message</translation>
    </message>
  </context>
  <context>
    <name>Notices</name>
    <message>
      <source>The model does not know: {0}.</source>
      <translation>The model does not know: {0}.</translation>
    </message>
    <message>
      <source>Without words, the region is filled with its surroundings.</source>
      <translation>Without words, the region is filled with its surroundings.</translation>
    </message>
    <message>
      <source>The region is large: it is filled at {0} pixels and enlarged to {1}.</source>
      <translation>The region is large: it is filled at {0} pixels and enlarged to {1}.</translation>
    </message>
    <message>
      <source>Nothing in the photo could be continued into the region, so the model filled it.</source>
      <translation>Nothing in the photo could be continued into the region, so the model filled it.</translation>
    </message>
    <message>
      <source>What the words name is around the region already, so the photo was continued.</source>
      <translation>What the words name is around the region already, so the photo was continued.</translation>
    </message>
    <message>
      <source>The model draws nothing clear for these words, so nothing was added.</source>
      <translation>The model draws nothing clear for these words, so nothing was added.</translation>
    </message>
    <message>
      <source>The photo shows the part that the words colour, so that part was coloured; other variants are drawn.</source>
      <translation>The photo shows the part that the words colour, so that part was coloured; other variants are drawn.</translation>
    </message>
    <message>
      <source>The photo shows a bird there, so that bird was coloured; other variants are drawn anew.</source>
      <translation>The photo shows a bird there, so that bird was coloured; other variants are drawn anew.</translation>
    </message>
    <message>
      <source>The model has no shape for these words, so the thing that the photo shows there was coloured.</source>
      <translation>The model has no shape for these words, so the thing that the photo shows there was coloured.</translation>
    </message>
    <message>
      <source>What the photo shows there has these colours already, so it was left as it is; other variants are drawn.</source>
      <translation>What the photo shows there has these colours already, so it was left as it is; other variants are drawn.</translation>
    </message>
    <message>
      <source>A new bird is drawn in place of the one in the photo: to keep that one in another colour, use Recolour.</source>
      <translation>A new bird is drawn in place of the one in the photo: to keep that one in another colour, use Recolour.</translation>
    </message>
    <message>
      <source>The model has no shape for these words, so nothing was added: select the thing's own shape, or try other variants.</source>
      <translation>The model has no shape for these words, so nothing was added: select the thing's own shape, or try other variants.</translation>
    </message>
    <message>
      <source>A part of the object seems to lie outside the selection: grow it by {0} pixels.</source>
      <translation>A part of the object seems to lie outside the selection: grow it by {0} pixels.</translation>
    </message>
    <message>
      <source>A part of the object lies outside the selection and keeps its colour: select it too.</source>
      <translation>A part of the object lies outside the selection and keeps its colour: select it too.</translation>
    </message>
    <message>
      <source>The colour goes on over parts of the object outside the selection: set Grow to 0 to keep it inside.</source>
      <translation>The colour goes on over parts of the object outside the selection: set Grow to 0 to keep it inside.</translation>
    </message>
    <message>
      <source>Next to nothing changed: the selection shows no object, or one that has this colour already.</source>
      <translation>Next to nothing changed: the selection shows no object, or one that has this colour already.</translation>
    </message>
    <message>
      <source>The photo was grey; it is a colour photo now, to hold the new colour.</source>
      <translation>The photo was grey; it is a colour photo now, to hold the new colour.</translation>
    </message>
    <message>
      <source>The model {0} has changed since this fill was made: {1} then, {2} now. The pixels differ.</source>
      <translation>The model {0} has changed since this fill was made: {1} then, {2} now. The pixels differ.</translation>
    </message>
    <message>
      <source>Damaged metadata of this photo is left out: {0}.</source>
      <translation>Damaged metadata of this photo is left out: {0}.</translation>
    </message>
    <message>
      <source>This photo has {0} bits per channel and is opened with 8: convert it to a 16-bit TIFF first to keep them all.</source>
      <translation>This photo has {0} bits per channel and is opened with 8: convert it to a 16-bit TIFF first to keep them all.</translation>
    </message>
    <message>
      <source>{0} has no place for some metadata of this photo: {1}.</source>
      <translation>{0} has no place for some metadata of this photo: {1}.</translation>
    </message>
    <message>
      <source>The photo's own XMP leaves no room in a {0} file to record how it was filled: save it as {1} to keep that.</source>
      <translation>The photo's own XMP leaves no room in a {0} file to record how it was filled: save it as {1} to keep that.</translation>
    </message>
    <message>
      <source>The file holds more behind the photo, such as previews, a depth map or a film: the photo is saved without that.</source>
      <translation>The file holds more behind the photo, such as previews, a depth map or a film: the photo is saved without that.</translation>
    </message>
    <message>
      <source>{0} had further names (hard links): they keep the picture as it was.</source>
      <translation>{0} had further names (hard links): they keep the picture as it was.</translation>
    </message>
    <message>
      <source>Filled on the CPU, since the accelerator's memory ran out.</source>
      <translation>Filled on the CPU, since the accelerator's memory ran out.</translation>
    </message>
    <message>
      <source>Filled on the CPU, since the accelerator failed.</source>
      <translation>Filled on the CPU, since the accelerator failed.</translation>
    </message>
    <message>
      <source>Memory ran out: fills are computed in passes of at most {0}.</source>
      <translation>Memory ran out: fills are computed in passes of at most {0}.</translation>
    </message>
    <message>
      <source>The changed bundle {0} is broken; the old model stays in use.</source>
      <translation>The changed bundle {0} is broken; the old model stays in use.</translation>
    </message>
    <message>
      <source>Layer {0} cannot be read any more and is left out.</source>
      <translation>Layer {0} cannot be read any more and is left out.</translation>
    </message>
    <message>
      <source>The selection cannot be read any more.</source>
      <translation>The selection cannot be read any more.</translation>
    </message>
    <message>
      <source>colour profile</source>
      <translation>colour profile</translation>
    </message>
    <message>
      <source>colour space</source>
      <translation>colour space</translation>
    </message>
    <message>
      <source>resolution</source>
      <translation>resolution</translation>
    </message>
    <message>
      <source>transparency</source>
      <translation>transparency</translation>
    </message>
    <message>
      <source>gamma</source>
      <translation>gamma</translation>
    </message>
    <message>
      <source>chromaticity</source>
      <translation>chromaticity</translation>
    </message>
    <message>
      <source>rendering intent</source>
      <translation>rendering intent</translation>
    </message>
    <message>
      <source>compression</source>
      <translation>compression</translation>
    </message>
    <message>
      <source>text</source>
      <translation>text</translation>
    </message>
    <message>
      <source>animation</source>
      <translation>animation</translation>
    </message>
    <message>
      <source>EXIF or XMP</source>
      <translation>EXIF or XMP</translation>
    </message>
    <message>
      <source>Adobe's segment</source>
      <translation>Adobe's segment</translation>
    </message>
    <message>
      <source>EXIF tag {0}</source>
      <translation>EXIF tag {0}</translation>
    </message>
    <message>
      <source>chunk {0}</source>
      <translation>chunk {0}</translation>
    </message>
    <message>
      <source>segment {0}</source>
      <translation>segment {0}</translation>
    </message>
  </context>
  <context>
    <name>OptionBar</name>
    <message>
      <source>Click the object or drag a box; Shift adds, Ctrl takes away</source>
      <translation>Click the object or drag a box; Shift adds, Ctrl takes away</translation>
    </message>
    <message>
      <source>Shift and a click: a straight line. Ctrl erases</source>
      <translation>Shift and a click: a straight line. Ctrl erases</translation>
    </message>
    <message>
      <source>[ and ] change the size</source>
      <translation>[ and ] change the size</translation>
    </message>
    <message>
      <source>Paint over what is to go. Shift and a click: a straight line</source>
      <translation>Paint over what is to go. Shift and a click: a straight line</translation>
    </message>
    <message>
      <source>Drag to move, wheel to zoom</source>
      <translation>Drag to move, wheel to zoom</translation>
    </message>
    <message>
      <source>Draw around the region</source>
      <translation>Draw around the region</translation>
    </message>
    <message>
      <source>Click corners, double-click to close</source>
      <translation>Click corners, double-click to close</translation>
    </message>
    <message>
      <source>Hand over</source>
      <translation>Hand over</translation>
    </message>
    <message>
      <source>Give the result back to the program that opened this window</source>
      <translation>Give the result back to the program that opened this window</translation>
    </message>
    <message>
      <source>New selection</source>
      <translation>New selection</translation>
    </message>
    <message>
      <source>Add to the selection</source>
      <translation>Add to the selection</translation>
    </message>
    <message>
      <source>Take away from the selection</source>
      <translation>Take away from the selection</translation>
    </message>
    <message>
      <source>Keep what both select</source>
      <translation>Keep what both select</translation>
    </message>
    <message>
      <source>Brush size</source>
      <translation>Brush size</translation>
    </message>
    <message>
      <source>Size</source>
      <translation>Size</translation>
    </message>
    <message>
      <source>Brush hardness</source>
      <translation>Brush hardness</translation>
    </message>
    <message>
      <source>Hardness</source>
      <translation>Hardness</translation>
    </message>
    <message>
      <source>Tolerance</source>
      <translation>Tolerance</translation>
    </message>
    <message>
      <source>Connected only</source>
      <translation>Connected only</translation>
    </message>
  </context>
  <context>
    <name>PhotoFiles</name>
    <message>
      <source>Pictures</source>
      <translation>Pictures</translation>
    </message>
    <message>
      <source>Open a photo</source>
      <translation>Open a photo</translation>
    </message>
    <message>
      <source>There is no picture on the clipboard.</source>
      <translation>There is no picture on the clipboard.</translation>
    </message>
    <message>
      <source>The fill that is shown is not applied.</source>
      <translation>The fill that is shown is not applied.</translation>
    </message>
    <message>
      <source>Without being applied it is not part of the picture.</source>
      <translation>Without being applied it is not part of the picture.</translation>
    </message>
    <message>
      <source>Apply and save</source>
      <translation>Apply and save</translation>
    </message>
    <message>
      <source>Apply it</source>
      <translation>Apply it</translation>
    </message>
    <message>
      <source>Save without it</source>
      <translation>Save without it</translation>
    </message>
    <message>
      <source>Go on without it</source>
      <translation>Go on without it</translation>
    </message>
    <message>
      <source>Do not save</source>
      <translation>Do not save</translation>
    </message>
    <message>
      <source>picture.png</source>
      <translation>picture.png</translation>
    </message>
    <message>
      <source>filled</source>
      <translation>filled</translation>
    </message>
    <message>
      <source>Project with layers, OpenRaster</source>
      <translation>Project with layers, OpenRaster</translation>
    </message>
    <message>
      <source>Save as</source>
      <translation>Save as</translation>
    </message>
    <message>
      <source>This is the last photo here.</source>
      <translation>This is the last photo here.</translation>
    </message>
    <message>
      <source>This is the first photo here.</source>
      <translation>This is the first photo here.</translation>
    </message>
    <message>
      <source>Photo</source>
      <translation>Photo</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Fill</translation>
    </message>
    <message>
      <source>Save the changes first?</source>
      <translation>Save the changes first?</translation>
    </message>
    <message>
      <source>The filled picture has not been saved.</source>
      <translation>The filled picture has not been saved.</translation>
    </message>
  </context>
  <context>
    <name>PictureDialog</name>
    <message>
      <source>Preview</source>
      <translation>Preview</translation>
    </message>
    <message>
      <source>No preview</source>
      <translation>No preview</translation>
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
      <translation>A part of the object may stay.</translation>
    </message>
    <message>
      <source>Select it too</source>
      <translation>Select it too</translation>
    </message>
  </context>
  <context>
    <name>Side</name>
    <message>
      <source>Layers</source>
      <translation>Layers</translation>
    </message>
    <message>
      <source>History</source>
      <translation>History</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Apply</translation>
    </message>
    <message>
      <source>Fills</source>
      <translation>Fills</translation>
    </message>
    <message>
      <source>Favourite</source>
      <translation>Favourite</translation>
    </message>
    <message>
      <source>More like this</source>
      <translation>More like this</translation>
    </message>
    <message>
      <source>Try another in its place</source>
      <translation>Try another in its place</translation>
    </message>
    <message>
      <source>Words that drew it</source>
      <translation>Words that drew it</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>Discard</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>Delete</translation>
    </message>
    <message>
      <source>Hold to see the picture before</source>
      <translation>Hold to see the picture before</translation>
    </message>
    <message>
      <source>Before and after</source>
      <translation>Before and after</translation>
    </message>
    <message>
      <source>no model</source>
      <translation>no model</translation>
    </message>
    <message>
      <source>Applied</source>
      <translation>Applied</translation>
    </message>
    <message>
      <source>It is being filled …</source>
      <translation>It is being filled …</translation>
    </message>
    <message>
      <source>Press Return to remove it.</source>
      <translation>Press Return to remove it.</translation>
    </message>
    <message>
      <source>Select what is to go.</source>
      <translation>Select what is to go.</translation>
    </message>
    <message>
      <source>Select the region to fill, then say what should be there.</source>
      <translation>Select the region to fill, then say what should be there.</translation>
    </message>
    <message>
      <source>Select the thing to recolour, then name the colour.</source>
      <translation>Select the thing to recolour, then name the colour.</translation>
    </message>
    <message>
      <source>Now say what should be there.</source>
      <translation>Now say what should be there.</translation>
    </message>
    <message>
      <source>Now name the colour.</source>
      <translation>Now name the colour.</translation>
    </message>
    <message>
      <source>A fill follows what you type.</source>
      <translation>A fill follows what you type.</translation>
    </message>
    <message>
      <source>Press Return to fill the selection.</source>
      <translation>Press Return to fill the selection.</translation>
    </message>
  </context>
  <context>
    <name>StatusBar</name>
    <message>
      <source>Zoom</source>
      <translation>Zoom</translation>
    </message>
    <message>
      <source>Fit</source>
      <translation>Fit</translation>
    </message>
    <message>
      <source>Show the photo as it is</source>
      <translation>Show the photo as it is</translation>
    </message>
    <message>
      <source>mirrored</source>
      <translation>mirrored</translation>
    </message>
    <message>
      <source>turned by {degrees}°</source>
      <translation>turned by {degrees}°</translation>
    </message>
    <message>
      <source>View: {how}</source>
      <translation>View: {how}</translation>
    </message>
    <message>
      <source>Model not started</source>
      <translation>Model not started</translation>
    </message>
    <message>
      <source>Starting the model …</source>
      <translation>Starting the model …</translation>
    </message>
    <message>
      <source>Ready</source>
      <translation>Ready</translation>
    </message>
    <message>
      <source>Not reachable, trying again</source>
      <translation>Not reachable, trying again</translation>
    </message>
    <message>
      <source>Waiting for the model …</source>
      <translation>Waiting for the model …</translation>
    </message>
    <message numerus="yes">
      <source>%n waiting</source>
      <translation>
        <numerusform>%n waiting</numerusform>
        <numerusform>%n waiting</numerusform>
      </translation>
    </message>
    <message>
      <source>{seconds} s per fill</source>
      <translation>{seconds} s per fill</translation>
    </message>
    <message>
      <source>Model: {state}</source>
      <translation>Model: {state}</translation>
    </message>
    <message>
      <source>Details of the model and its process</source>
      <translation>Details of the model and its process</translation>
    </message>
  </context>
  <context>
    <name>Steps</name>
    <message>
      <source>Object</source>
      <translation>Object</translation>
    </message>
    <message>
      <source>Select all</source>
      <translation>Select all</translation>
    </message>
    <message>
      <source>Deselect</source>
      <translation>Deselect</translation>
    </message>
    <message>
      <source>Make it a colour photo</source>
      <translation>Make it a colour photo</translation>
    </message>
    <message>
      <source>Invert</source>
      <translation>Invert</translation>
    </message>
    <message>
      <source>Grow</source>
      <translation>Grow</translation>
    </message>
    <message>
      <source>Shrink</source>
      <translation>Shrink</translation>
    </message>
    <message>
      <source>Feather</source>
      <translation>Feather</translation>
    </message>
    <message>
      <source>Load selection</source>
      <translation>Load selection</translation>
    </message>
    <message>
      <source>Selection from history</source>
      <translation>Selection from history</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>Fill</translation>
    </message>
    <message>
      <source>Show layer</source>
      <translation>Show layer</translation>
    </message>
    <message>
      <source>Hide layer</source>
      <translation>Hide layer</translation>
    </message>
    <message>
      <source>Remove layer</source>
      <translation>Remove layer</translation>
    </message>
    <message>
      <source>Rename layer</source>
      <translation>Rename layer</translation>
    </message>
    <message>
      <source>Layer opacity</source>
      <translation>Layer opacity</translation>
    </message>
    <message>
      <source>Duplicate layer</source>
      <translation>Duplicate layer</translation>
    </message>
    <message>
      <source>Move layer</source>
      <translation>Move layer</translation>
    </message>
    <message>
      <source>Merge layers</source>
      <translation>Merge layers</translation>
    </message>
    <message>
      <source>Layer mask</source>
      <translation>Layer mask</translation>
    </message>
    <message>
      <source>Selection from layer</source>
      <translation>Selection from layer</translation>
    </message>
    <message>
      <source>Discard fills</source>
      <translation>Discard fills</translation>
    </message>
    <message>
      <source>Crop</source>
      <translation>Crop</translation>
    </message>
    <message>
      <source>Extend the canvas</source>
      <translation>Extend the canvas</translation>
    </message>
    <message>
      <source>Brush</source>
      <translation>Brush</translation>
    </message>
    <message>
      <source>Eraser</source>
      <translation>Eraser</translation>
    </message>
    <message>
      <source>Heal</source>
      <translation>Heal</translation>
    </message>
    <message>
      <source>Rectangle</source>
      <translation>Rectangle</translation>
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
      <translation>Polygon</translation>
    </message>
    <message>
      <source>Similar colour</source>
      <translation>Similar colour</translation>
    </message>
  </context>
  <context>
    <name>ToolColumn</name>
    <message>
      <source>Object</source>
      <translation>Object</translation>
    </message>
    <message>
      <source>Brush</source>
      <translation>Brush</translation>
    </message>
    <message>
      <source>Eraser</source>
      <translation>Eraser</translation>
    </message>
    <message>
      <source>Heal</source>
      <translation>Heal</translation>
    </message>
    <message>
      <source>Rectangle</source>
      <translation>Rectangle</translation>
    </message>
    <message>
      <source>Ellipse</source>
      <translation>Ellipse</translation>
    </message>
    <message>
      <source>Move the view</source>
      <translation>Move the view</translation>
    </message>
    <message>
      <source>Lasso</source>
      <translation>Lasso</translation>
    </message>
    <message>
      <source>Polygon</source>
      <translation>Polygon</translation>
    </message>
    <message>
      <source>Similar colour</source>
      <translation>Similar colour</translation>
    </message>
  </context>
  <context>
    <name>TrainDialog</name>
    <message>
      <source>Train on my photos</source>
      <translation>Train on my photos</translation>
    </message>
    <message>
      <source>Give a folder of photos with captions: beside each photo a text file of the same name, one caption per line.</source>
      <translation>Give a folder of photos with captions: beside each photo a text file of the same name, one caption per line.</translation>
    </message>
    <message>
      <source>Choose …</source>
      <translation>Choose …</translation>
    </message>
    <message>
      <source>Folder</source>
      <translation>Folder</translation>
    </message>
    <message>
      <source>Name of the model</source>
      <translation>Name of the model</translation>
    </message>
    <message>
      <source>It ends earlier when it no longer gets better.</source>
      <translation>It ends earlier when it no longer gets better.</translation>
    </message>
    <message>
      <source>Steps at most</source>
      <translation>Steps at most</translation>
    </message>
    <message>
      <source>Training progress</source>
      <translation>Training progress</translation>
    </message>
    <message>
      <source>Samples appear here while it learns.</source>
      <translation>Samples appear here while it learns.</translation>
    </message>
    <message>
      <source>Samples</source>
      <translation>Samples</translation>
    </message>
    <message>
      <source>From the top: what it saw, the fill before, the fill now, the photo.</source>
      <translation>From the top: what it saw, the fill before, the fill now, the photo.</translation>
    </message>
    <message>
      <source>Close</source>
      <translation>Close</translation>
    </message>
    <message>
      <source>Start</source>
      <translation>Start</translation>
    </message>
    <message>
      <source>Folder of photos</source>
      <translation>Folder of photos</translation>
    </message>
    <message>
      <source>Go on</source>
      <translation>Go on</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>Stop</translation>
    </message>
    <message>
      <source>There is no such folder.</source>
      <translation>There is no such folder.</translation>
    </message>
    <message>
      <source>There is a model of this name already.</source>
      <translation>There is a model of this name already.</translation>
    </message>
    <message>
      <source>A name is made of letters, digits, dots and dashes.</source>
      <translation>A name is made of letters, digits, dots and dashes.</translation>
    </message>
    <message>
      <source>Starting …</source>
      <translation>Starting …</translation>
    </message>
    <message>
      <source>Stopping …</source>
      <translation>Stopping …</translation>
    </message>
    <message numerus="yes">
      <source>%n photo(s) to learn from.</source>
      <translation>
        <numerusform>%n photo to learn from.</numerusform>
        <numerusform>%n photos to learn from.</numerusform>
      </translation>
    </message>
    <message numerus="yes">
      <source>%n cannot be used.</source>
      <translation>
        <numerusform>%n cannot be used.</numerusform>
        <numerusform>%n cannot be used.</numerusform>
      </translation>
    </message>
    <message>
      <source>Filling parts of your photos without training, to compare …</source>
      <translation>Filling parts of your photos without training, to compare …</translation>
    </message>
    <message>
      <source>It learns the shape of what they show: {words}.</source>
      <translation>It learns the shape of what they show: {words}.</translation>
    </message>
    <message numerus="yes">
      <source>It keeps %n piece(s) of them: whoever gets it sees these.</source>
      <translation>
        <numerusform>It keeps %n piece of them: whoever gets it sees this.</numerusform>
        <numerusform>It keeps %n pieces of them: whoever gets it sees these.</numerusform>
      </translation>
    </message>
    <message>
      <source>New words: {words}.</source>
      <translation>New words: {words}.</translation>
    </message>
    <message numerus="yes">
      <source>New words: {words} and %n more.</source>
      <translation>
        <numerusform>New words: {words} and %n more.</numerusform>
        <numerusform>New words: {words} and %n more.</numerusform>
      </translation>
    </message>
    <message>
      <source>On photos kept apart, the fills are {percent} % nearer to the photo so far.</source>
      <translation>On photos kept apart, the fills are {percent} % nearer to the photo so far.</translation>
    </message>
    <message>
      <source>On photos kept apart, the fills are not nearer to the photo yet.</source>
      <translation>On photos kept apart, the fills are not nearer to the photo yet.</translation>
    </message>
    <message>
      <source>Trying out on some of your photos what training brings ({part} of {parts})</source>
      <translation>Trying out on some of your photos what training brings ({part} of {parts})</translation>
    </message>
    <message>
      <source>Learning from all your photos</source>
      <translation>Learning from all your photos</translation>
    </message>
    <message>
      <source>{hours} h {minutes} min to go</source>
      <translation>{hours} h {minutes} min to go</translation>
    </message>
    <message>
      <source>{minutes} min to go</source>
      <translation>{minutes} min to go</translation>
    </message>
    <message>
      <source>Stopped. It can go on from here.</source>
      <translation>Stopped. It can go on from here.</translation>
    </message>
    <message>
      <source>That may be chance, so nothing was saved. Add photos of the same kind.</source>
      <translation>That may be chance, so nothing was saved. Add photos of the same kind.</translation>
    </message>
    <message>
      <source>The training could not go on.</source>
      <translation>The training could not go on.</translation>
    </message>
    <message>
      <source>Done.</source>
      <translation>Done.</translation>
    </message>
    <message>
      <source>Better on {better} of {photos} of your photos that it had not learnt from.</source>
      <translation>Better on {better} of {photos} of your photos that it had not learnt from.</translation>
    </message>
    <message>
      <source>That may be chance. But it can show what your photos show clearly.</source>
      <translation>That may be chance. But it can show what your photos show clearly.</translation>
    </message>
    <message>
      <source>On average, its fills come {percent} % nearer to the photos.</source>
      <translation>On average, its fills come {percent} % nearer to the photos.</translation>
    </message>
    <message>
      <source>The new model is chosen.</source>
      <translation>The new model is chosen.</translation>
    </message>
    <message>
      <source>The new model was deleted.</source>
      <translation>The new model was deleted.</translation>
    </message>
    <message>
      <source>The training cannot be started. Is the training extra installed?</source>
      <translation>The training cannot be started. Is the training extra installed?</translation>
    </message>
  </context>
  <context>
    <name>UnknownWords</name>
    <message>
      <source>“{word}”: captions are written in English.</source>
      <translation>“{word}”: captions are written in English.</translation>
    </message>
    <message>
      <source>“{word}” is not known.</source>
      <translation>“{word}” is not known.</translation>
    </message>
    <message>
      <source>Write {known} instead of {word}</source>
      <translation>Write {known} instead of {word}</translation>
    </message>
  </context>
  <context>
    <name>VerdictBox</name>
    <message>
      <source>Delete it</source>
      <translation>Delete it</translation>
    </message>
    <message>
      <source>Keep and use it</source>
      <translation>Keep and use it</translation>
    </message>
    <message>
      <source>Free disk space</source>
      <translation>Free disk space</translation>
    </message>
    <message>
      <source>The gain is small: compare the fills above, before and now.</source>
      <translation>The gain is small: compare the fills above, before and now.</translation>
    </message>
    <message>
      <source>Keep the new model?</source>
      <translation>Keep the new model?</translation>
    </message>
    <message>
      <source>What is needed to go on takes {megabytes} MB of disk space.</source>
      <translation>What is needed to go on takes {megabytes} MB of disk space.</translation>
    </message>
    <message>
      <source>Checkpoints of the training take {megabytes} MB of disk space.</source>
      <translation>Checkpoints of the training take {megabytes} MB of disk space.</translation>
    </message>
    <message>
      <source>{megabytes} MB were freed.</source>
      <translation>{megabytes} MB were freed.</translation>
    </message>
  </context>
  <context>
    <name>Welcome</name>
    <message>
      <source>Describe a region, get it filled</source>
      <translation>Describe a region, get it filled</translation>
    </message>
    <message>
      <source>Drop a photo here, paste one, or:</source>
      <translation>Drop a photo here, paste one, or:</translation>
    </message>
    <message>
      <source>Open a photo …</source>
      <translation>Open a photo …</translation>
    </message>
    <message>
      <source>Try the sample</source>
      <translation>Try the sample</translation>
    </message>
    <message>
      <source>Recent</source>
      <translation>Recent</translation>
    </message>
  </context>
  <context>
    <name>Window</name>
    <message>
      <source>Photo</source>
      <translation>Photo</translation>
    </message>
    <message>
      <source>Pasted picture</source>
      <translation>Pasted picture</translation>
    </message>
    <message>
      <source>Saved as {name}</source>
      <translation>Saved as {name}</translation>
    </message>
    <message>
      <source>{width} x {height} pixels are on the clipboard.</source>
      <translation>{width} x {height} pixels are on the clipboard.</translation>
    </message>
    <message>
      <source>Opening {name} …</source>
      <translation>Opening {name} …</translation>
    </message>
    <message>
      <source>Saving {name} …</source>
      <translation>Saving {name} …</translation>
    </message>
    <message>
      <source>The brush shows the layer, the eraser hides it</source>
      <translation>The brush shows the layer, the eraser hides it</translation>
    </message>
    <message>
      <source>Undo</source>
      <translation>Undo</translation>
    </message>
    <message>
      <source>Redo</source>
      <translation>Redo</translation>
    </message>
    <message>
      <source>The model's process reports:</source>
      <translation>The model's process reports:</translation>
    </message>
    <message>
      <source>The language changes at the next start.</source>
      <translation>The language changes at the next start.</translation>
    </message>
  </context>
  <context>
    <name>WordList</name>
    <message>
      <source>Words to choose from</source>
      <translation>Words to choose from</translation>
    </message>
  </context>
  <context>
    <name>WordsView</name>
    <message>
      <source>{word}: the model does not know it</source>
      <translation>{word}: the model does not know it</translation>
    </message>
    <message>
      <source>{word}: without it the fill is the same</source>
      <translation>{word}: without it the fill is the same</translation>
    </message>
    <message>
      <source>{word}: without it the fill differs by {change} of 255 levels</source>
      <translation>{word}: without it the fill differs by {change} of 255 levels</translation>
    </message>
    <message>
      <source>Choose a fill to see which words drew it.</source>
      <translation>Choose a fill to see which words drew it.</translation>
    </message>
    <message>
      <source>Looking …</source>
      <translation>Looking …</translation>
    </message>
    <message>
      <source>No single word changed this fill.</source>
      <translation>No single word changed this fill.</translation>
    </message>
    <message>
      <source>Point at a word: the photo shows the fill without it.</source>
      <translation>Point at a word: the photo shows the fill without it.</translation>
    </message>
  </context>
</TS>